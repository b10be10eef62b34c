#include "body_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "regatta/base/rng.h"

namespace regatta::net {

Error BodyTooLarge(std::uint64_t bytes_max) {
  return ResourceExhausted(fmt::format(
      "request body is larger than the limit of {} bytes: send less at once", bytes_max));
}

namespace {

class MemorySink final : public BodySink {
 public:
  MemorySink(std::uint64_t bytes_max, std::uint64_t bytes_expected, BudgetShare& share)
      : bytes_max_(bytes_max), share_(share) {
    // An announcement is not yet a body: memory follows the bytes that arrive.
    constexpr std::uint64_t kReserveMax = std::uint64_t{1} << 20;
    body_.reserve(std::min({bytes_expected, bytes_max, kReserveMax}));
  }

  Result<void> Write(std::string_view piece) override {
    if (piece.size() > bytes_max_ - body_.size()) return BodyTooLarge(bytes_max_);
    if (Result<void> taken = share_.Take(piece.size()); !taken) return taken;
    body_.append(piece);
    return Ok();
  }

  Result<void> Finish(Request& request) override {
    request.body = std::move(body_);
    return Ok();
  }

 private:
  const std::uint64_t bytes_max_;
  BudgetShare& share_;
  std::string body_;
};

class SpoolSink final : public BodySink {
 public:
  SpoolSink(std::uint64_t bytes_max, std::filesystem::path path, int file)
      : bytes_max_(bytes_max), path_(std::move(path)), file_(file) {}
  ~SpoolSink() override {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(path_.c_str());
  }

  Result<void> Write(std::string_view piece) override {
    if (piece.size() > bytes_max_ - size_) return BodyTooLarge(bytes_max_);
    md5_.Update(piece);
    sha256_.Update(piece);
    size_ += piece.size();
    while (!piece.empty()) {
      const ssize_t written = ::write(file_, piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return Failed("written");
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
    return Ok();
  }

  Result<void> Finish(Request& request) override {
    const int file = std::exchange(file_, -1);
    if (::close(file) != 0) {
      Error error = Failed("closed");
      ::unlink(path_.c_str());
      return error;
    }
    request.spooled_body =
        std::make_shared<SpooledFile>(path_, size_, md5_.Finish(), sha256_.Finish());
    return Ok();
  }

 private:
  static Error Failed(std::string_view what) {
    const std::error_code ec(errno, std::generic_category());
    return Unavailable(
        fmt::format("the upload cannot be {} on the server: {}", what, ec.message()));
  }

  const std::uint64_t bytes_max_;
  const std::filesystem::path path_;
  int file_;
  std::uint64_t size_ = 0;
  codec::Md5 md5_;
  codec::Sha256 sha256_;
};

}  // namespace

std::shared_ptr<MemoryBudget> PeerBudgets::Of(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (budgets_.size() >= prune_at_) {
    std::erase_if(budgets_, [](const auto& entry) { return entry.second.expired(); });
    prune_at_ = std::max(kPruneMin, 2 * budgets_.size());
  }
  std::weak_ptr<MemoryBudget>& known = budgets_[peer];
  std::shared_ptr<MemoryBudget> budget = known.lock();
  if (budget == nullptr) {
    budget = std::make_shared<MemoryBudget>(bytes_max_);
    known = budget;
  }
  return budget;
}

std::size_t PeerBudgets::size() const {
  const std::lock_guard lock(mutex_);
  return budgets_.size();
}

Result<void> BudgetShare::Take(std::uint64_t bytes) {
  if (!of_peer_.Take(bytes)) {
    return Unavailable(
        "the requests from your address have too many bytes under way at once: send fewer at a "
        "time, or try again later");
  }
  if (!of_all_.Take(bytes)) {
    of_peer_.Give(bytes);
    return Unavailable("the server holds too many request bodies at once: try again later");
  }
  taken_ += bytes;
  return Ok();
}

std::unique_ptr<BodySink> MakeMemorySink(std::uint64_t bytes_max, std::uint64_t bytes_expected,
                                         BudgetShare& share) {
  return std::make_unique<MemorySink>(bytes_max, bytes_expected, share);
}

Result<std::unique_ptr<BodySink>> MakeSpoolSink(std::uint64_t bytes_max,
                                                const std::filesystem::path& folder) {
  std::filesystem::path path = folder / ("upload-" + RandomId(20) + ".part");
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    const std::error_code ec(errno, std::generic_category());
    return Unavailable(fmt::format("the server cannot store uploads now: {}", ec.message()));
  }
  return std::unique_ptr<BodySink>(std::make_unique<SpoolSink>(bytes_max, std::move(path), file));
}

}  // namespace regatta::net
