#include "regatta/net/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "regatta/base/check.h"
#include "regatta/codec/percent.h"

namespace regatta::net {

// One place in the tree of segments.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::vector<const Route*> routes;
};

namespace {

struct Segment {
  enum class Kind { kLiteral, kParameter, kRest };
  Kind kind = Kind::kLiteral;
  std::string text;
};

Segment ParseSegment(std::string_view text) {
  if (!text.starts_with('{')) return {Segment::Kind::kLiteral, std::string(text)};
  Check(text.ends_with('}'), "a route's {name} is not closed within its segment");
  text = text.substr(1, text.size() - 2);
  if (text.ends_with("...")) {
    return {Segment::Kind::kRest, std::string(text.substr(0, text.size() - 3))};
  }
  return {Segment::Kind::kParameter, std::string(text)};
}

// The segments after the first '/': "/" has one, which is empty.
std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const std::size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

std::vector<Segment> ParsePattern(std::string_view pattern) {
  Check(pattern.starts_with('/'), "a route's pattern starts with '/'");
  std::vector<Segment> segments;
  for (const std::string_view text : Split(pattern)) {
    Check(segments.empty() || segments.back().kind != Segment::Kind::kRest,
          "a route's {name...} is not its last segment");
    segments.push_back(ParseSegment(text));
  }
  return segments;
}

const Router::Route* PickMethod(const std::vector<const Router::Route*>& routes,
                                std::string_view method) {
  const auto find = [&](std::string_view name) -> const Router::Route* {
    const auto it = std::find_if(routes.begin(), routes.end(),
                                 [&](const Router::Route* route) { return route->method == name; });
    return it == routes.end() ? nullptr : *it;
  };
  if (const Router::Route* route = find(method)) return route;
  if (method == "HEAD") {
    if (const Router::Route* route = find("GET")) return route;
  }
  return find("*");
}

// Depth first, literal before parameter before rest, so the first leaf with the method is the
// answer.
class Search {
 public:
  Search(std::string_view method, std::vector<std::string> segments)
      : method_(method), segments_(std::move(segments)) {}

  const Router::Route* route() const { return route_; }
  std::vector<std::string>& allowed() { return allowed_; }
  bool allows_cross_origin() const { return allows_cross_origin_; }
  const std::vector<std::string>& segments() const { return segments_; }

  template <typename Node>
  bool Visit(const Node& node, std::size_t depth) {
    if (depth == segments_.size()) return Take(node.routes);
    if (const auto it = node.literals.find(segments_[depth]); it != node.literals.end()) {
      if (Visit(*it->second, depth + 1)) return true;
    }
    if (node.parameter != nullptr && !segments_[depth].empty()) {
      if (Visit(*node.parameter, depth + 1)) return true;
    }
    return node.rest != nullptr && Take(node.rest->routes);
  }

 private:
  bool Take(const std::vector<const Router::Route*>& routes) {
    for (const Router::Route* route : routes) {
      allowed_.push_back(route->method);
      allows_cross_origin_ = allows_cross_origin_ || route->options.allows_cross_origin;
    }
    route_ = PickMethod(routes, method_);
    return route_ != nullptr;
  }

  std::string_view method_;
  std::vector<std::string> segments_;
  const Router::Route* route_ = nullptr;
  std::vector<std::string> allowed_;
  bool allows_cross_origin_ = false;
};

std::vector<std::pair<std::string, std::string>> NameParams(
    std::string_view pattern, const std::vector<std::string>& segments) {
  std::vector<std::pair<std::string, std::string>> params;
  const std::vector<Segment> names = ParsePattern(pattern);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].kind == Segment::Kind::kParameter) {
      params.emplace_back(names[i].text, segments[i]);
    } else if (names[i].kind == Segment::Kind::kRest) {
      std::string rest;
      for (std::size_t j = i; j < segments.size(); ++j) rest += (j == i ? "" : "/") + segments[j];
      params.emplace_back(names[i].text, std::move(rest));
    }
  }
  return params;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::Add(std::string method, std::string pattern, Handler handler, RouteOptions options) {
  Node* node = root_.get();
  for (const Segment& segment : ParsePattern(pattern)) {
    std::unique_ptr<Node>& next = segment.kind == Segment::Kind::kLiteral
                                      ? node->literals[segment.text]
                                  : segment.kind == Segment::Kind::kParameter ? node->parameter
                                                                              : node->rest;
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  for (const Route* route : node->routes) {
    Check(route->method != method, fmt::format("route {} {} exists already", method, pattern));
  }
  routes_.push_back(std::make_unique<Route>(
      Route{std::move(method), std::move(pattern), std::move(handler), std::move(options)}));
  node->routes.push_back(routes_.back().get());
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  std::vector<std::string> segments;
  for (const std::string_view raw : Split(path)) {
    Result<std::string> segment = codec::DecodePercent(raw);
    if (!segment) return match;
    segments.push_back(*std::move(segment));
  }
  Search search(method, std::move(segments));
  search.Visit(*root_, 0);
  match.route = search.route();
  match.allows_cross_origin = search.allows_cross_origin();
  if (match.route == nullptr) {
    match.allowed = std::move(search.allowed());
    std::sort(match.allowed.begin(), match.allowed.end());
    match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()),
                        match.allowed.end());
  } else {
    match.params = NameParams(match.route->pattern, search.segments());
  }
  return match;
}

}  // namespace regatta::net
