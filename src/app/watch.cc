#include "watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "command_line.h"
#include "person_command.h"
#include "regatta/codec/percent.h"
#include "sweep_view.h"

namespace regatta::app {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kRedrawPause{500};     // at most two questions a second
constexpr milliseconds kPollPause{2'000};     // without events
constexpr milliseconds kEventsPause{10'000};  // with events: for what they do not announce
constexpr milliseconds kReconnectPause{2'000};
constexpr std::int64_t kRunsMax = 500;

// Listens to the project's changes on a thread of its own.
class ChangeListener {
 public:
  ChangeListener(const ApiClient& client, const ItemPath& path)
      : connection_(client.NewConnection()),
        project_(codec::EncodePercent(path.entity + "/" + path.project)),
        thread_([this] { Listen(); }) {}
  ~ChangeListener() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    connection_->Cancel();
    thread_.join();
  }
  ChangeListener(const ChangeListener&) = delete;
  ChangeListener& operator=(const ChangeListener&) = delete;

  // Returns when something has changed, or when it is time to look anyway.
  void Wait() {
    std::this_thread::sleep_for(kRedrawPause);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, is_connected_ ? kEventsPause : kPollPause,
                   [this] { return has_changed_; });
    has_changed_ = false;
  }

 private:
  bool is_stopping() {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
  }

  void Listen() {
    while (!is_stopping()) {
      Result<net::ClientResponse> answer = connection_->Do("POST", "/api/live-ticket");
      if (answer && answer->is_ok()) {
        const json ticket = json::parse(answer->body, nullptr, false);
        const std::string path = fmt::format("/api/live?project={}&ticket={}", project_,
                                             codec::EncodePercent(TextOf(ticket, "ticket")));
        // How it ends does not matter: polling goes on until it is back.
        (void)connection_->ReadEvents(path, {}, [this](const net::ServerEvent&) {
          const std::lock_guard lock(mutex_);
          is_connected_ = true;
          has_changed_ = true;
          wake_.notify_all();
          return !is_stopping_;
        });
      }
      std::unique_lock lock(mutex_);
      is_connected_ = false;
      wake_.wait_for(lock, kReconnectPause, [this] { return is_stopping_; });
    }
  }

  std::unique_ptr<net::HttpClient> connection_;
  std::string project_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool has_changed_ = false;   // guarded by mutex_
  bool is_connected_ = false;  // guarded by mutex_
  bool is_stopping_ = false;   // guarded by mutex_
  std::thread thread_;         // after everything that it uses
};

// The view in place of the one before it.
class Screen {
 public:
  void Draw(const SweepView& sweep, const std::string& trouble) {
    const Terminal terminal = StandardOutput();
    std::string text = SweepText(sweep, terminal, terminal.height);
    if (!trouble.empty()) {
      text += CutToWidth(PrintableLine(trouble), std::max<std::size_t>(terminal.width, 1)) + "\n";
    }
    std::string out;
    if (lines_ > 0) out += fmt::format("\x1b[{}A", lines_);
    out += "\x1b[J" + text;
    lines_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    fmt::print("{}", out);
    std::fflush(stdout);
  }

 private:
  std::size_t lines_ = 0;
};

void PrintChanges(const SweepView* before, const SweepView& after, bool as_json) {
  for (const SweepChange& change : ChangesBetween(before, after)) {
    if (as_json) {
      json document = change.document;
      document["change"] = change.kind;
      document["text"] = change.text;
      fmt::print("{}\n", document.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
      fmt::print("{}\n", PrintableLine(change.text));
    }
  }
  std::fflush(stdout);
}

int ExitCodeOf(const SweepView& sweep) {
  return sweep.state == "FINISHED" || sweep.state == "STOPPED" ? kExitOk : kExitFailure;
}

}  // namespace

int WatchSweep(ApiClient& client, const ItemPath& path, const WatchOptions& options) {
  const Terminal terminal = StandardOutput();
  const auto read = [&] { return ReadSweep(client, path, kRunsMax, options.as_json); };
  Result<SweepView> sweep = read();
  if (!sweep) return Fail(sweep.error());
  if (options.is_once) {
    if (options.as_json) {
      PrintJson(SweepJson(*sweep));
    } else {
      fmt::print("{}", SweepText(*sweep, terminal, 0));
    }
    return kExitOk;
  }
  const bool is_drawn = terminal.is_terminal && !options.as_json;
  ChangeListener listener(client, path);
  Screen screen;
  std::optional<SweepView> before;
  std::string trouble;
  while (true) {
    if (is_drawn) {
      screen.Draw(*sweep, trouble);
    } else {
      PrintChanges(before ? &*before : nullptr, *sweep, options.as_json);
    }
    if (sweep->is_over()) return ExitCodeOf(*sweep);
    before = *sweep;
    listener.Wait();
    Result<SweepView> next = read();
    trouble.clear();
    if (next) {
      sweep = std::move(next);
    } else if (next.error().code == ErrorCode::kUnavailable) {
      trouble = next.error().message;
    } else {
      return Fail(next.error());
    }
  }
}

}  // namespace regatta::app
