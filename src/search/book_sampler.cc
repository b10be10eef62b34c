#include "book_sampler.h"

#include <string>
#include <utility>

namespace regatta::search {

double SettingOr(const SamplerOptions& options, std::string_view name, double fallback) {
  const auto found = options.settings.find(std::string(name));
  return found == options.settings.end() ? fallback : found->second;
}

BookSampler::BookSampler(const SearchSpace& space, const SamplerOptions& options)
    : space_(space),
      options_(options),
      picker_(space_, options_),
      book_(space_, options_.objectives.size()) {}

Result<void> BookSampler::Tell(const Trial& trial) {
  const Result<TrialBook::Change> change = book_.Tell(trial);
  if (!change) {
    return change.error();
  }
  rewritten_ = rewritten_ || change->rewrote_history;
  return Ok();
}

void BookSampler::Forget(TrialId id) {
  rewritten_ = book_.Forget(id).rewrote_history || rewritten_;
}

bool BookSampler::TakeRewritten() { return std::exchange(rewritten_, false); }

Suggestion BookSampler::Blank(const Batch& batch) const {
  Suggestion suggestion;
  suggestion.why.trials_known = book_.settled().size();
  suggestion.why.trials_pending = book_.open().size() + batch.size();
  return suggestion;
}

std::optional<Suggestion> BookSampler::NextInitial(const Batch& batch) const {
  std::optional<Point> initial = picker_.NextInitial(book_, batch);
  if (!initial) {
    return std::nullopt;
  }
  Suggestion suggestion = Blank(batch);
  suggestion.why.rule = "initial point";
  suggestion.values = *std::move(initial);
  return suggestion;
}

Result<std::vector<Suggestion>> BookSampler::InTurn(
    TrialId first_id, std::size_t count,
    FunctionRef<Result<std::optional<Suggestion>>(TrialId, const Batch&)> propose) const {
  std::vector<Suggestion> suggestions;
  Batch batch;
  for (std::size_t n = 0; n < count; ++n) {
    Result<std::optional<Suggestion>> one = propose(first_id + n, batch);
    if (!one) {
      return one.error();
    }
    if (!*one) {
      break;
    }
    batch.insert(space_.Key((*one)->values));
    suggestions.push_back(std::move(**one));
  }
  return suggestions;
}

}  // namespace regatta::search
