// Row identities, one type each so that they cannot be mixed up. Zero means "none".
#pragma once

#include <cstdint>

namespace regatta::tracking {

enum class UserId : std::int64_t {};
enum class EntityId : std::int64_t {};
enum class ApiKeyId : std::int64_t {};
enum class ProjectId : std::int64_t {};
enum class RunId : std::int64_t {};
enum class FileId : std::int64_t {};
enum class ArtifactTypeId : std::int64_t {};
enum class CollectionId : std::int64_t {};
enum class ArtifactId : std::int64_t {};
enum class MembershipId : std::int64_t {};
enum class AliasId : std::int64_t {};
enum class ManifestId : std::int64_t {};

template <typename Id>
constexpr std::int64_t ToInt(Id id) {
  return static_cast<std::int64_t>(id);
}

}  // namespace regatta::tracking
