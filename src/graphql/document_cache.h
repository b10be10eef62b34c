// Documents that were parsed and found valid, least recently used out first.
//
// Found by their full text, never by a name: one operation name comes in several shapes.
// Thread-safe.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "regatta/graphql/document.h"

namespace regatta::graphql {

// A valid document and what validation learnt about it.
struct CheckedDocument {
  Document document;
  // For each operation.
  std::vector<std::vector<std::string_view>> condition_variables;
  // As Outline has it; of all its operations.
  bool is_extensive = false;
};

class DocumentCache {
 public:
  explicit DocumentCache(std::size_t max_bytes) : bytes_max_(max_bytes) {}

  // Null if it is not there.
  std::shared_ptr<const CheckedDocument> Find(std::string_view text);
  // Keeps it, dropping others when the bytes run out. One larger than a quarter of the cache is not
  // kept.
  void Insert(std::string_view text, std::shared_ptr<const CheckedDocument> document);

  std::size_t size() const;

 private:
  struct Entry {
    std::string text;
    std::shared_ptr<const CheckedDocument> document;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  const std::size_t bytes_max_;

  mutable std::mutex mutex_;
  // State below is protected by mutex_. The front was used last; keys point into the entries.
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_text_;
  std::size_t bytes_ = 0;
};

}  // namespace regatta::graphql
