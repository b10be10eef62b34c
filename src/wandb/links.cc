#include "links.h"

#include <nlohmann/json.hpp>

#include "regatta/codec/base64.h"
#include "regatta/codec/hash.h"

namespace regatta::wandb {
namespace {

std::string MacOf(std::string_view secret, std::string_view payload) {
  const codec::Sha256Digest mac = codec::HmacSha256(secret, payload);
  return std::string(codec::AsBytes(mac));
}

}  // namespace

std::string Links::Sign(const Grant& grant, std::chrono::seconds lifetime) const {
  const std::int64_t until = ToMicros(clock_.Now() + lifetime) / 1'000'000;
  const std::string payload = nlohmann::json::array({std::string(1, static_cast<char>(grant.kind)),
                                                     grant.target, grant.name, grant.note, until})
                                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return codec::EncodeBase64Url(payload) + "." + codec::EncodeBase64Url(MacOf(secret_, payload));
}

Result<Grant> Links::Verify(std::string_view token) const {
  const Error refused =
      PermissionDenied("this link is not valid, or no longer: ask the server for a new one");
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return refused;
  const Result<std::string> payload = codec::DecodeBase64Url(token.substr(0, dot));
  const Result<std::string> mac = codec::DecodeBase64Url(token.substr(dot + 1));
  if (!payload || !mac || !codec::ConstantTimeEquals(*mac, MacOf(secret_, *payload))) {
    return refused;
  }
  const nlohmann::json fields = nlohmann::json::parse(*payload, nullptr, false);
  if (!fields.is_array() || fields.size() != 5) return refused;
  if (fields[4].get<std::int64_t>() < ToMicros(clock_.Now()) / 1'000'000) return refused;
  return Grant{.kind = static_cast<Grant::Kind>(fields[0].get<std::string>()[0]),
               .target = fields[1].get<std::int64_t>(),
               .name = fields[2].get<std::string>(),
               .note = fields[3].get<std::string>()};
}

}  // namespace regatta::wandb
