#include <fmt/format.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "project_access.h"
#include "regatta/server/routes.h"
#include "regatta/sweeps/insights.h"

namespace regatta::server {

using sweeps::SweepInsights;
using sweeps::SweepResults;
using tracking::Tables;
using tracking::User;

namespace {

// With more results it will do: 409, and not a mistake of the question.
Error NotYet(Error error) {
  if (error.code == ErrorCode::kFailedPrecondition) error.code = ErrorCode::kConflict;
  return error;
}

// Answers are some tens of kilobytes; a model of 500 results is some ten megabytes.
constexpr std::size_t kAnswersMax = 64;
constexpr std::size_t kModelsMax = 2;
constexpr std::size_t kContoursMax = 64;  // of one sweep
// Of all answers together: a sweep of many parameters has large ones.
constexpr std::size_t kAnswerBytesMax = std::size_t{32} << 20;
// Each of them waits for seconds at most.
constexpr std::size_t kWaitingMax = 32;
constexpr int kNiceness = 10;

struct InsightQuestion {
  std::string entity;
  std::string project;
  std::string sweep;
  std::string metric;
  std::vector<std::string> contour;  // the values of the query's `contour`, as they came
};

// Two parameters by name; absent: no contour.
using ContourNames = std::optional<std::pair<std::string, std::string>>;

// `contour=a&contour=b`, where names may hold anything, or `contour=a,b`, which ends the first name
// at the first comma.
Result<ContourNames> ContourOf(const std::vector<std::string>& values) {
  if (values.empty() || (values.size() == 1 && values.front().empty())) return ContourNames();
  if (values.size() == 2) return ContourNames({values[0], values[1]});
  const std::size_t comma = values.front().find(',');
  if (values.size() > 2 || comma == std::string::npos) {
    return InvalidArgument(
        "contour: name two parameters, as in contour=lr,depth or contour=lr&contour=depth");
  }
  return ContourNames({values.front().substr(0, comma), values.front().substr(comma + 1)});
}

// What was read for a question, before anything is computed.
struct SnapshotOfSweep {
  sweeps::SweepId id{};
  SweepResults results;
};

// Fits models on one thread of its own and keeps the answers as long as the results are the same.
class InsightCache {
 public:
  explicit InsightCache(const Services& services) : services_(services), fitter_(1, kNiceness) {}

  // Called on a thread that may wait for the disk.
  void Answer(const User& viewer, const InsightQuestion& question,
              const net::Responder& responder) {
    Result<SnapshotOfSweep> snapshot = Read(viewer, question);
    if (!snapshot) return responder.Send(NotYet(snapshot.error()));
    const Result<ContourNames> contour = ContourOf(question.contour);
    if (!contour) return responder.Send(NotYet(contour.error()));
    if (std::optional<std::string> text = Find(*snapshot, *contour)) {
      return responder.Send(net::JsonResponse(*std::move(text)));
    }
    if (fitter_.waiting() >= kWaitingMax) {
      return responder.Send(Unavailable("too many sweeps are being analysed: ask again later"));
    }
    const auto shared = std::make_shared<SnapshotOfSweep>(*std::move(snapshot));
    fitter_.Post([this, shared, contour = *contour, responder] {
      if (!services_.is_ready) return responder.Send(Unavailable("the server is stopping"));
      Result<std::string> text = Compute(*shared, contour);
      if (!text) return responder.Send(NotYet(text.error()));
      responder.Send(net::JsonResponse(*std::move(text)));
    });
  }

 private:
  struct Entry {
    sweeps::SweepId id{};
    std::uint64_t version = 0;
    std::map<ContourNames, std::string> texts;
    // Of the fitting thread alone, but for its existence.
    std::shared_ptr<SweepInsights> insights;
    std::optional<sweeps::Value> summary;
  };

  Result<SnapshotOfSweep> Read(const User& viewer, const InsightQuestion& question) const {
    const Error unknown = NotFound(fmt::format("there is no sweep {}/{}/{}, or you may not see it",
                                               question.entity, question.project, question.sweep));
    Result<SnapshotOfSweep> found = unknown;
    const Result<void> read = services_.store.Read([&](const Tables& tables) -> Result<void> {
      const Result<tracking::ProjectId> project =
          FindVisibleProject(tables, viewer, question.entity, question.project, unknown);
      if (!project) {
        found = project.error();
        return Ok();
      }
      const auto row = sweeps::SweepsOf(tables).FindByName(*project, question.sweep);
      if (!row) return row.error();
      if (!*row) return Ok();
      Result<SweepResults> results = sweeps::ReadSweepResults(tables, **row, question.metric);
      if (results) {
        found = SnapshotOfSweep{(*row)->id, *std::move(results)};
      } else {
        found = results.error();
      }
      return Ok();
    });
    if (!read) return read.error();
    return found;
  }

  // The entry of the newest results, moved to the front; null: there is none.
  // Requires: mutex_ is held.
  Entry* FindEntry(const SnapshotOfSweep& snapshot) {
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->id == snapshot.id && entry->version == snapshot.results.version) {
        entries_.splice(entries_.begin(), entries_, entry);
        return &entries_.front();
      }
    }
    return nullptr;
  }

  std::optional<std::string> Find(const SnapshotOfSweep& snapshot, const ContourNames& contour) {
    const std::lock_guard lock(mutex_);
    const Entry* entry = FindEntry(snapshot);
    if (entry == nullptr) return std::nullopt;
    const auto text = entry->texts.find(contour);
    return text == entry->texts.end() ? std::nullopt : std::optional(text->second);
  }

  static std::size_t BytesOf(const Entry& entry) {
    std::size_t bytes = 0;
    for (const auto& [contour, text] : entry.texts) {
      bytes += text.size() + (contour ? contour->first.size() + contour->second.size() : 0);
    }
    return bytes;
  }

  // Drops answers until they take no more than they may, those used longest ago first.
  // Requires: mutex_ is held.
  void Trim() {
    std::size_t bytes = 0;
    for (const Entry& entry : entries_) bytes += BytesOf(entry);
    while (bytes > kAnswerBytesMax || entries_.size() > kAnswersMax) {
      Entry& oldest = entries_.back();
      bytes -= BytesOf(oldest);
      if (entries_.size() == 1) {
        oldest.texts.clear();  // its model stays
        return;
      }
      entries_.pop_back();
    }
  }

  // On the fitting thread. Somebody may have asked the same meanwhile.
  Result<std::string> Compute(const SnapshotOfSweep& snapshot, const ContourNames& contour) {
    if (std::optional<std::string> text = Find(snapshot, contour)) return *std::move(text);
    std::shared_ptr<SweepInsights> insights;
    std::optional<sweeps::Value> answer;
    {
      const std::lock_guard lock(mutex_);
      if (const Entry* entry = FindEntry(snapshot)) {
        insights = entry->insights;
        answer = entry->summary;
      }
    }
    if (insights == nullptr) {
      SweepResults results = snapshot.results;
      const Result<void> read = services_.store.Read(
          [&](const Tables& tables) { return sweeps::ReadCurves(tables, snapshot.id, results); });
      if (!read) return read.error();
      Result<SweepInsights> made = SweepInsights::Create(results);
      if (!made) return made.error();
      insights = std::make_shared<SweepInsights>(*std::move(made));
    }
    if (!answer) answer = insights->Summary();
    const sweeps::Value summary = *answer;
    if (contour) {
      Result<sweeps::Value> drawn = insights->Contour(contour->first, contour->second);
      if (!drawn) return drawn.error();
      answer->Set("contour", *std::move(drawn));
    }
    std::string text = sweeps::ToJson(*answer);
    Keep(snapshot, summary, insights, contour, text);
    return text;
  }

  void Keep(const SnapshotOfSweep& snapshot, const sweeps::Value& summary,
            const std::shared_ptr<SweepInsights>& insights, const ContourNames& contour,
            const std::string& text) {
    const std::lock_guard lock(mutex_);
    Entry* entry = FindEntry(snapshot);
    if (entry == nullptr) {
      // Older results of the sweep are of no use to anybody any more. Other metrics have other
      // versions; they go too and are computed again when asked for.
      entries_.remove_if([&](const Entry& other) { return other.id == snapshot.id; });
      entries_.push_front({snapshot.id, snapshot.results.version, {}, nullptr, std::nullopt});
      entry = &entries_.front();
    }
    entry->insights = insights;
    entry->summary = summary;
    if (entry->texts.size() >= kContoursMax) entry->texts.clear();
    entry->texts[contour] = text;
    Trim();
    std::size_t models = 0;
    for (Entry& other : entries_) {
      if (other.insights != nullptr && ++models > kModelsMax) {
        other.insights = nullptr;
        other.summary.reset();
      }
    }
  }

  const Services& services_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // used last first; guarded by mutex_
  ThreadPool fitter_;         // last: it ends before what its work uses
};

}  // namespace

void AddInsightRoutes(net::Router& router, const Services& services) {
  const auto cache = std::make_shared<InsightCache>(services);
  router.Add("GET", "/api/sweeps/{entity}/{project}/{sweep}/insights",
             [&services, cache](net::Request request, const net::Responder& responder) {
               services.workers.Post([&services, cache, request = std::move(request), responder] {
                 const Result<User> viewer = services.viewer(request);
                 if (!viewer) return responder.Send(viewer.error());
                 cache->Answer(*viewer,
                               {.entity = std::string(request.Param("entity")),
                                .project = std::string(request.Param("project")),
                                .sweep = std::string(request.Param("sweep")),
                                .metric = std::string(request.Query("metric")),
                                .contour = request.Queries("contour")},
                               responder);
               });
             });
}

}  // namespace regatta::server
