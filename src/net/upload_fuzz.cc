// Goal: no bytes that a client sends crash the decoding of a request or leave a file behind, and
// the way they are cut into reads makes no difference. Method: the first byte chooses the cut and
// where the body goes; the rest is a connection's input.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "body_sink.h"
#include "message_decoder.h"
#include "regatta/base/check.h"

namespace {

using regatta::Check;
using regatta::Ok;
using regatta::Result;
using namespace regatta::net;

constexpr std::uint64_t kBodyBytesMax = 1000;

const std::filesystem::path& SpoolFolder() {
  static const std::filesystem::path folder = [] {
    std::string pattern = "/tmp/regatta-upload-fuzz-XXXXXX";
    Check(::mkdtemp(pattern.data()) != nullptr, "no folder to spool into");
    return std::filesystem::path(pattern);
  }();
  return folder;
}

// What came of the input: the body when a message was complete.
std::optional<std::string> Decode(std::string_view bytes, std::size_t step, bool spools) {
  MemoryBudget budget(kBodyBytesMax);
  MemoryBudget of_peer(kBodyBytesMax);
  BudgetShare share(budget, of_peer);
  std::unique_ptr<BodySink> sink = spools ? MakeSpoolSink(kBodyBytesMax, SpoolFolder()).value()
                                          : MakeMemorySink(kBodyBytesMax, 0, share);
  MessageDecoder decoder(MessageDecoder::Kind::kRequest, 4096);
  std::string input;
  const auto write = [&](std::string_view piece) { return sink->Write(piece); };
  while (!bytes.empty() && !(decoder.has_head() && decoder.is_done())) {
    input += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (!decoder.has_head()) {
      const Result<std::size_t> taken = decoder.DecodeHead(input);
      if (!taken) return std::nullopt;
      Check(*taken <= input.size(), "more was taken than given");
      input.erase(0, *taken);
    }
    if (decoder.has_head() && !decoder.is_done()) {
      const Result<std::size_t> taken = decoder.DecodeBody(input, write);
      if (!taken) return std::nullopt;
      Check(*taken <= input.size(), "more was taken than given");
      input.erase(0, *taken);
    }
  }
  if (!decoder.has_head() || !decoder.is_done()) return std::nullopt;
  Request request;
  Check(bool(sink->Finish(request)), "the sink cannot finish");
  if (!spools) return std::move(request.body);
  Check(request.spooled_body->size() <= kBodyBytesMax, "the sink passed its limit");
  return std::to_string(request.spooled_body->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + (data[0] & 0x3f);
  const auto whole = Decode(bytes, bytes.size() + 1, false);
  const auto pieces = Decode(bytes, step, false);
  Check(!whole || !pieces || *whole == *pieces, "the cut changed the body");
  if ((data[0] & 0x80) != 0) {
    const auto spooled = Decode(bytes, step, true);
    Check(!spooled || !pieces || *spooled == std::to_string(pieces->size()),
          "the file has another size than the body");
    Check(std::filesystem::is_empty(SpoolFolder()), "an upload left a file behind");
  }
  return 0;
}
