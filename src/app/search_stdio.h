// `regatta search --stdio`: ask and tell, one JSON request a line, one JSON answer a line.
//
// The protocol is docs/search-stdio.md. Everything here is a function of the requests, in order: no
// clock, no chance but the seed, no I/O. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace regatta::app {

class JournaledSearch;

class SearchSession {
 public:
  SearchSession();
  ~SearchSession();
  SearchSession(const SearchSession&) = delete;
  SearchSession& operator=(const SearchSession&) = delete;

  // The answer to one request, without a line break. A request that fails answers
  // {"error":{"code","message"}} and changes nothing.
  std::string Answer(std::string_view line);

 private:
  std::unique_ptr<JournaledSearch> search_;  // null until the first `open`
};

}  // namespace regatta::app
