#include "document_cache.h"

#include <utility>

namespace regatta::graphql {
namespace {

// What the tree of a document weighs, from its tokens: most make a part of a node of about this
// size.
constexpr std::size_t kBytesPerToken = 120;

}  // namespace

std::shared_ptr<const CheckedDocument> DocumentCache::Find(std::string_view text) {
  const std::lock_guard lock(mutex_);
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) {
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->document;
}

void DocumentCache::Insert(std::string_view text, std::shared_ptr<const CheckedDocument> document) {
  const std::size_t bytes = 2 * text.size() + document->document.token_count * kBytesPerToken;
  if (bytes > bytes_max_ / 4) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (by_text_.contains(text)) {
    return;
  }
  while (bytes_ + bytes > bytes_max_ && !entries_.empty()) {
    bytes_ -= entries_.back().bytes;
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
  entries_.push_front({std::string(text), std::move(document), bytes});
  by_text_.emplace(entries_.front().text, entries_.begin());
  bytes_ += bytes;
}

std::size_t DocumentCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace regatta::graphql
