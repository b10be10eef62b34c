#include "prepared_search.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "regatta/base/check.h"

namespace regatta::sweeps {

using search::Suggestion;
using search::Trial;
using search::TrialId;

// Shared by the owner and the work in the background, of which there is at most one piece.
class PreparedSearch::Core : public Readiness,
                             public Coolable,
                             public std::enable_shared_from_this<Core> {
 public:
  using ExpectedEnds = std::shared_ptr<const std::vector<search::ExpectedEnd>>;

  Core(std::unique_ptr<search::Sampler> sampler, Background background, bool follows_ends)
      : background_(std::move(background)),
        follows_ends_(follows_ends),
        sampler_(std::move(sampler)) {
    Check(background_.post != nullptr, "a search prepared in the background has a background");
  }

  void Tell(Trial trial) {
    std::unique_lock lock(mutex_);
    if (taken_ && taken_->id == trial.id && taken_->values == trial.values &&
        trial.state == search::TrialState::kPending) {
      taken_.reset();  // the search knows, and the other suggestions reckon with it
      return;
    }
    ++version_;
    news_.emplace_back(std::move(trial));
    Continue(lock);
  }

  void Forget(TrialId id) {
    std::unique_lock lock(mutex_);
    ++version_;
    news_.emplace_back(id);
    Continue(lock);
  }

  void Prepare(TrialId next, TrialId stride, std::size_t count) {
    std::unique_lock lock(mutex_);
    if (count > 0 && (next != next_ || stride != stride_)) {
      next_ = next;
      stride_ = stride;
      ++version_;  // what is there was made for other trials
    }
    wanted_ = count;
    if (count == 0) {
      changed_.notify_all();
    }
    Continue(lock);
  }

  Result<std::optional<Suggestion>> Take(TrialId id) {
    std::unique_lock lock(mutex_);
    if (ready_.empty() || ready_.front().version != version_ || ready_.front().id != id) {
      return Unavailable("the search still takes in the newest results");
    }
    if (!ready_.front().suggestion || !*ready_.front().suggestion) {
      return ready_.front().suggestion;  // an end that stays until something new is told
    }
    Result<std::optional<Suggestion>> answer = std::move(ready_.front().suggestion);
    ready_.pop_front();
    taken_.emplace(Trial{.id = id, .values = (*answer)->values});
    news_.emplace_back(*taken_);
    next_ = id + stride_;
    Continue(lock);
    return answer;
  }

  std::optional<Suggestion> TakeOlder() {
    const std::lock_guard lock(mutex_);
    while (!ready_.empty()) {
      Result<std::optional<Suggestion>> older = std::move(ready_.front().suggestion);
      const bool is_older = ready_.front().version != version_;
      if (!is_older) {
        ready_.front().suggestion = std::move(older);
        return std::nullopt;
      }
      ready_.pop_front();
      if (older && *older) {
        return *std::move(older);
      }
    }
    return std::nullopt;
  }

  ExpectedEnds Expected() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }

  void Cool() override {
    std::unique_lock lock(mutex_);
    is_cooling_ = true;
    Continue(lock);
  }

  void Cancel() {
    const std::lock_guard lock(mutex_);
    is_canceled_ = true;
    changed_.notify_all();
  }

  bool Await(Duration longest) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest, [this] {
      return is_canceled_ || wanted_ == 0 ||
             (!ready_.empty() && ready_.front().version == version_);
    });
  }

 private:
  // An entry without a suggestion ends its version's list.
  struct Made {
    TrialId id = 0;
    std::uint64_t version = 0;
    Result<std::optional<Suggestion>> suggestion;
  };

  // How many suggestions rest on all that was told. Older ones are never behind newer ones.
  std::size_t MadeNow() const {
    return ready_.empty() || ready_.front().version != version_ ? 0 : ready_.size();
  }
  bool IsComplete() const {
    const std::size_t made = MadeNow();
    if (made >= wanted_) {
      return true;
    }
    const bool is_ended =
        made > 0 && (!ready_.back().suggestion || !ready_.back().suggestion->has_value());
    return is_ended;
  }

  // Posts the next piece of work, if there is any and none is posted.
  void Continue(std::unique_lock<std::mutex>& lock) {
    if (is_posted_ || is_canceled_ || (news_.empty() && IsComplete() && !is_cooling_)) {
      return;
    }
    is_posted_ = true;
    lock.unlock();
    background_.post([self = shared_from_this()] { self->Work(); });
  }

  // One suggestion at most, so that many sweeps share few threads.
  void Work() {
    std::vector<std::variant<Trial, TrialId>> news;
    std::uint64_t version = 0;
    std::optional<TrialId> id;
    bool is_cooling = false;
    {
      const std::lock_guard lock(mutex_);
      if (is_canceled_) {
        return;
      }
      news.swap(news_);
      version = version_;
      is_cooling = std::exchange(is_cooling_, false);
      if (!IsComplete()) {
        id = next_ + stride_ * MadeNow();
      }
    }
    TakeIn(news, version);
    if (id) {
      Result<std::optional<Suggestion>> made = Make(*id);
      Publish(*id, version, std::move(made));
    }
    const bool expects = follows_ends_ && (id || !news.empty());
    if (expects) {
      auto ends =
          std::make_shared<const std::vector<search::ExpectedEnd>>(sampler_->ExpectedEnds());
      const std::lock_guard lock(mutex_);
      ends_ = std::move(ends);
    }
    if (id || expects) {
      if (background_.warm != nullptr) {
        background_.warm->Used(shared_from_this());
      }
    } else if (is_cooling) {
      sampler_->Release();
    }
    std::unique_lock lock(mutex_);
    is_posted_ = false;
    Continue(lock);
  }

  // Of the background alone.
  void TakeIn(const std::vector<std::variant<Trial, TrialId>>& news, std::uint64_t version) {
    if (version != version_ahead_) {
      for (const TrialId id : ahead_) {
        sampler_->Forget(id);
      }
      ahead_.clear();
      version_ahead_ = version;
    }
    for (const std::variant<Trial, TrialId>& item : news) {
      if (const Trial* trial = std::get_if<Trial>(&item)) {
        ahead_.erase(trial->id);
        // A trial that has no place in the space is one that the search goes on without.
        (void)sampler_->Tell(*trial);
      } else {
        sampler_->Forget(std::get<TrialId>(item));
      }
    }
  }

  Result<std::optional<Suggestion>> Make(TrialId id) {
    sampler_->Refresh();
    Result<std::vector<Suggestion>> made = sampler_->Suggest(id, 1);
    if (!made) {
      return made.error();
    }
    if (made->empty()) {
      return std::optional<Suggestion>();
    }
    // The next one is to keep away from it.
    ahead_.insert(id);
    (void)sampler_->Tell(Trial{.id = id, .values = made->front().values});
    return std::optional(std::move(made->front()));
  }

  void Publish(TrialId id, std::uint64_t version, Result<std::optional<Suggestion>> made) {
    const std::lock_guard lock(mutex_);
    // Something was told meanwhile: it is worth keeping only where there is nothing better.
    while (!ready_.empty() && ready_.front().version != version) {
      ready_.pop_front();
    }
    ready_.push_back({id, version, std::move(made)});
    changed_.notify_all();
  }

  const Background background_;
  const bool follows_ends_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<std::variant<Trial, TrialId>> news_;  // a trial told, or an id to forget
  std::uint64_t version_ = 1;                       // of what was told
  std::deque<Made> ready_;                          // of one version, by id
  std::optional<Trial> taken_;                      // the newest one, until its owner tells it
  ExpectedEnds ends_;
  TrialId next_ = 0;
  TrialId stride_ = 1;
  std::size_t wanted_ = 0;
  bool is_posted_ = false;
  bool is_cooling_ = false;
  bool is_canceled_ = false;

  // Of the background alone.
  std::unique_ptr<search::Sampler> sampler_;
  std::set<TrialId> ahead_;  // suggestions told as pending before anybody took them
  std::uint64_t version_ahead_ = 0;
};

void WarmSearches::Used(const std::shared_ptr<Coolable>& search) {
  std::shared_ptr<Coolable> coldest;
  {
    const std::lock_guard lock(mutex_);
    used_.remove_if([&](const std::weak_ptr<Coolable>& other) {
      const std::shared_ptr<Coolable> alive = other.lock();
      return alive == nullptr || alive == search;
    });
    used_.push_front(search);
    if (used_.size() > count_max_) {
      coldest = used_.back().lock();
      used_.pop_back();
    }
  }
  if (coldest != nullptr) {
    coldest->Cool();
  }
}

PreparedSearch::PreparedSearch(std::unique_ptr<search::Sampler> sampler, Background background,
                               bool follows_ends)
    : core_(std::make_shared<Core>(std::move(sampler), std::move(background), follows_ends)) {}

PreparedSearch::~PreparedSearch() { core_->Cancel(); }

void PreparedSearch::Tell(Trial trial) { core_->Tell(std::move(trial)); }
void PreparedSearch::Forget(TrialId id) { core_->Forget(id); }
void PreparedSearch::Prepare(TrialId next, TrialId stride, std::size_t count) {
  core_->Prepare(next, stride, count);
}
Result<std::optional<Suggestion>> PreparedSearch::Take(TrialId id) { return core_->Take(id); }
std::optional<Suggestion> PreparedSearch::TakeOlder() { return core_->TakeOlder(); }
std::shared_ptr<const std::vector<search::ExpectedEnd>> PreparedSearch::Expected() const {
  return core_->Expected();
}
std::shared_ptr<Readiness> PreparedSearch::readiness() const { return core_; }

}  // namespace regatta::sweeps
