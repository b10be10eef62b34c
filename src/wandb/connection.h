// Relay-style pages: edges with cursors, and whether there is more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/graphql/arguments.h"
#include "regatta/graphql/resolved.h"

namespace regatta::wandb {

// The part of a list that the arguments `first`, `after` (and `last`, `before`) ask for.
struct PageRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Cursors are positions in the list. Without `first` the page holds everything, at most
// kPageLengthMax. Errors: kInvalidArgument for a cursor that is none of ours.
inline constexpr std::size_t kPageLengthMax = 10'000;
Result<PageRange> PageOf(const graphql::Arguments& args, std::size_t total);

std::string CursorAt(std::size_t position);

// The PageInfo of a page of `total` items.
graphql::Resolved PageInfoOf(PageRange range, std::size_t total);

// The connection object for `nodes`, which are the items [range.begin, range.end) of `total`.
graphql::Resolved Connection(graphql::StaticName connection_type, graphql::StaticName edge_type,
                             std::vector<graphql::Resolved> nodes, PageRange range,
                             std::size_t total);

// A page of a list that is all in memory: `make` turns an item into its node.
template <typename Item, typename Make>
Result<graphql::Resolved> PageOfList(graphql::StaticName connection_type,
                                     graphql::StaticName edge_type, const graphql::Arguments& args,
                                     const std::vector<Item>& items, Make make) {
  const Result<PageRange> range = PageOf(args, items.size());
  if (!range) return range.error();
  std::vector<graphql::Resolved> nodes;
  nodes.reserve(range->end - range->begin);
  for (std::size_t i = range->begin; i < range->end; ++i) nodes.push_back(make(items[i]));
  return Connection(connection_type, edge_type, std::move(nodes), *range, items.size());
}

}  // namespace regatta::wandb
