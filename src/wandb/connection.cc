#include "connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "regatta/codec/base64.h"

namespace regatta::wandb {

using graphql::Record;
using graphql::Resolved;

namespace {

constexpr std::string_view kCursorPrefix = "at:";

Result<std::size_t> PositionOf(std::string_view cursor) {
  const Error error = InvalidArgument(fmt::format(
      "cursor \"{}\" is none of this list's: start again without one", cursor.substr(0, 40)));
  const Result<std::string> text = codec::DecodeBase64(cursor);
  if (!text || !text->starts_with(kCursorPrefix)) return error;
  const char* begin = text->data() + kCursorPrefix.size();
  const char* end = text->data() + text->size();
  std::size_t position = 0;
  const auto [stop, code] = std::from_chars(begin, end, position);
  if (code != std::errc() || stop != end) return error;
  return position;
}

}  // namespace

std::string CursorAt(std::size_t position) {
  return codec::EncodeBase64(fmt::format("{}{}", kCursorPrefix, position));
}

Result<PageRange> PageOf(const graphql::Arguments& args, std::size_t total) {
  PageRange range{.begin = 0, .end = total};
  if (const auto after = args.String("after"); after && !after->empty()) {
    const Result<std::size_t> position = PositionOf(*after);
    if (!position) return position.error();
    range.begin = std::min(*position + 1, total);
  }
  if (const auto before = args.String("before"); before && !before->empty()) {
    const Result<std::size_t> position = PositionOf(*before);
    if (!position) return position.error();
    range.end = std::clamp(*position, range.begin, total);
  }
  const auto limit = [](std::int64_t asked) {
    return std::min(static_cast<std::size_t>(std::max<std::int64_t>(asked, 0)), kPageLengthMax);
  };
  if (const auto last = args.Int("last")) {
    range.begin = std::max(range.begin, range.end - std::min(range.end, limit(*last)));
  } else {
    const std::size_t length = limit(args.IntOr("first", kPageLengthMax));
    range.end = std::min(range.end, range.begin + length);
  }
  return range;
}

Resolved PageInfoOf(PageRange range, std::size_t total) {
  Record page("PageInfo");
  // An empty page never says that there is more: clients would ask for ever.
  page.Set("hasNextPage", range.end < total && range.end > range.begin);
  page.Set("hasPreviousPage", range.begin > 0);
  if (range.end > range.begin) {
    page.Set("startCursor", CursorAt(range.begin));
    page.Set("endCursor", CursorAt(range.end - 1));
  }
  return Resolved(std::move(page));
}

Resolved Connection(graphql::StaticName connection_type, graphql::StaticName edge_type,
                    std::vector<Resolved> nodes, PageRange range, std::size_t total) {
  std::vector<Resolved> edges;
  edges.reserve(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    edges.emplace_back(Record(edge_type)
                           .Set("node", std::move(nodes[i]))
                           .Set("cursor", CursorAt(range.begin + i)));
  }
  return Record(connection_type)
      .Set("edges", std::move(edges))
      .Set("pageInfo", PageInfoOf(range, total))
      .Set("totalCount", total);
}

}  // namespace regatta::wandb
