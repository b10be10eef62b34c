#include "storage_ids.h"

#include <fmt/format.h>

#include <charconv>

#include "regatta/codec/base64.h"

namespace regatta::wandb {

std::string EncodeId(std::string_view type, std::int64_t number) {
  return codec::EncodeBase64(fmt::format("{}:{}", type, number));
}

Result<std::int64_t> DecodeId(std::string_view type, std::string_view id) {
  const Error unknown =
      NotFound(fmt::format("\"{}\" is not the id of a {}", id.substr(0, 80), type));
  const Result<std::string> text = codec::DecodeBase64(id);
  if (!text) return unknown;
  std::string_view rest = *text;
  if (!rest.starts_with(type)) return unknown;
  rest.remove_prefix(type.size());
  if (!rest.starts_with(':')) return unknown;
  rest.remove_prefix(1);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || stop != rest.data() + rest.size()) return unknown;
  return number;
}

std::string EncodeRunId(std::string_view run, std::string_view project, std::string_view entity) {
  return codec::EncodeBase64(fmt::format("Run:v1:{}:{}:{}", run, project, entity));
}

Result<RunPath> DecodeRunId(std::string_view id) {
  const Error unknown = NotFound(fmt::format("\"{}\" is not the id of a run", id.substr(0, 80)));
  const Result<std::string> text = codec::DecodeBase64(id);
  if (!text) return unknown;
  std::string_view rest = *text;
  constexpr std::string_view kStart = "Run:v1:";
  if (!rest.starts_with(kStart)) return unknown;
  rest.remove_prefix(kStart.size());
  const std::size_t entity_at = rest.rfind(':');
  if (entity_at == std::string_view::npos || entity_at == 0) return unknown;
  const std::size_t project_at = rest.rfind(':', entity_at - 1);
  if (project_at == std::string_view::npos) return unknown;
  return RunPath{.run = std::string(rest.substr(0, project_at)),
                 .project = std::string(rest.substr(project_at + 1, entity_at - project_at - 1)),
                 .entity = std::string(rest.substr(entity_at + 1))};
}

}  // namespace regatta::wandb
