// Artifacts: named, versioned sets of files that runs make and use.
//
// A collection is a series of versions under one name: a sequence holds what was made under that
// name, a portfolio what was linked into it. An artifact is one set of files; it is a version of
// its sequence once it is committed, and a member of each portfolio that it is linked into. An
// alias names one member of a collection and moves from one to another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"
#include "regatta/tracking/run_file.h"

namespace regatta::tracking {

// What kind of thing the artifacts of a collection are: "dataset", "model".
struct ArtifactType {
  ArtifactTypeId id{};
  ProjectId project{};
  std::string name;
  std::string description;
  Timestamp created_at;
};

struct ArtifactCollection {
  CollectionId id{};
  ProjectId project{};
  ArtifactTypeId type{};
  std::string type_name;  // filled in on reading
  std::string name;       // unique in the project, portfolios included
  // None until somebody wrote one; the empty text is one, too.
  std::optional<std::string> description;
  bool is_portfolio = false;
  std::vector<std::string> tags;
  // The index of the next member. Indexes are never used twice.
  std::int64_t next_version = 0;
  Timestamp created_at;
  Timestamp updated_at;
};

enum class ArtifactState : std::uint8_t { kPending, kCommitted, kDeleted };

// Lifetimes that are no number of seconds.
inline constexpr std::int64_t kTtlInherited = -1;
inline constexpr std::int64_t kTtlDisabled = -2;
// The longest one: Python's timedelta.max in seconds, since clients can read no longer one back.
inline constexpr std::int64_t kTtlMax = 86'399'999'999'999;

struct Artifact {
  ArtifactId id{};
  CollectionId sequence{};
  ProjectId project{};  // the sequence's
  ArtifactState state = ArtifactState::kPending;
  std::string digest;  // of its manifest, as the client counts it
  std::string description;
  std::string metadata_json;
  std::int64_t ttl_seconds = kTtlInherited;
  std::optional<std::int64_t> history_step;
  UserId creator{};
  RunId run{};  // that made it; none if a person did, or the run was deleted
  std::string distributed_id;
  std::vector<std::string> tags;
  // To be set when it is committed.
  std::vector<std::string> requested_aliases;
  // Set when it is committed.
  std::optional<std::int64_t> version;
  ManifestId manifest{};
  std::int64_t size = 0;
  std::int64_t file_count = 0;
  Timestamp created_at;
  Timestamp updated_at;
};

// That an artifact is version `version` of a collection.
struct ArtifactMembership {
  MembershipId id{};
  CollectionId collection{};
  ArtifactId artifact{};
  std::int64_t version = 0;
  Timestamp created_at;
};

struct ArtifactAlias {
  AliasId id{};
  CollectionId collection{};
  ArtifactId artifact{};
  std::string alias;
};

enum class ManifestKind : std::uint8_t {
  kFull,
  kIncremental,  // changes to the manifest of a base artifact
  kPatch,        // one writer's part of a distributed artifact
};

struct ArtifactManifest {
  ManifestId id{};
  ArtifactId artifact{};
  ManifestKind kind = ManifestKind::kFull;
  std::string name;
  std::string digest;
  ArtifactId base{};
  Blob blob;  // no hash until it is uploaded
  Timestamp created_at;
};

// One line of a manifest: a file, or a reference to something elsewhere.
struct ArtifactEntry {
  std::string path;
  std::string digest;          // base64 of the MD5, or what a reference's store calls it
  std::string reference;       // empty for a file
  std::string birth_artifact;  // opaque: the wire's id
  std::int64_t size = 0;
};

// An entry with the blob that holds it; a reference has none.
struct ArtifactFile {
  ArtifactId artifact{};
  std::int64_t position = 0;
  ArtifactEntry entry;
  std::string sha256_hex;
};

enum class ArtifactUse : std::uint8_t { kInput, kOutput };

class ArtifactTables {
 public:
  virtual ~ArtifactTables() = default;

  virtual Result<std::optional<ArtifactType>> FindType(ArtifactTypeId id) const = 0;
  virtual Result<std::optional<ArtifactType>> FindTypeByName(ProjectId project,
                                                             std::string_view name) const = 0;
  // By name.
  virtual Result<std::vector<ArtifactType>> ListTypes(ProjectId project) const = 0;
  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> InsertType(ArtifactType& type) = 0;

  virtual Result<std::optional<ArtifactCollection>> FindCollection(CollectionId id) const = 0;
  virtual Result<std::optional<ArtifactCollection>> FindCollectionByName(
      ProjectId project, std::string_view name) const = 0;
  // Newest first; of every type if `type` is none.
  virtual Result<std::vector<ArtifactCollection>> ListCollections(ProjectId project,
                                                                  ArtifactTypeId type) const = 0;
  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> InsertCollection(ArtifactCollection& collection) = 0;
  // Errors: kAlreadyExists if it is renamed to a name that is taken.
  virtual Result<void> UpdateCollection(const ArtifactCollection& collection) = 0;
  // Deletes it with its memberships and aliases. A sequence's artifacts are deleted with it, and
  // leave every portfolio.
  virtual Result<void> DeleteCollection(CollectionId id) = 0;

  virtual Result<std::optional<Artifact>> Find(ArtifactId id) const = 0;
  // The newest committed artifact of the sequence with that digest.
  virtual Result<std::optional<Artifact>> FindByDigest(CollectionId sequence,
                                                       std::string_view digest) const = 0;
  // The pending artifact that several runs make together.
  virtual Result<std::optional<Artifact>> FindDistributed(
      CollectionId sequence, std::string_view distributed_id) const = 0;
  // The artifact that a client gave this name to before it knew the id.
  virtual Result<std::optional<Artifact>> FindByClient(std::string_view client_id) const = 0;
  virtual Result<void> SetClient(std::string_view client_id, ArtifactId artifact) = 0;
  // Committed artifacts with a lifetime of their own, for the one who ends it.
  virtual Result<std::vector<Artifact>> ListMortal() const = 0;
  // Fills in `id`.
  virtual Result<void> Insert(Artifact& artifact) = 0;
  virtual Result<void> Update(const Artifact& artifact) = 0;
  // Drops memberships, aliases, manifests, entries and blobs of the artifact, but not its row.
  virtual Result<void> DropContent(ArtifactId id) = 0;

  virtual Result<std::optional<ArtifactMembership>> FindMember(CollectionId collection,
                                                               ArtifactId artifact) const = 0;
  virtual Result<std::optional<ArtifactMembership>> FindMemberByVersion(
      CollectionId collection, std::int64_t version) const = 0;
  // Newest version first.
  virtual Result<std::vector<ArtifactMembership>> ListMembers(CollectionId collection) const = 0;
  // The collections that the artifact is in, oldest membership first.
  virtual Result<std::vector<ArtifactMembership>> ListMemberships(ArtifactId artifact) const = 0;
  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> InsertMember(ArtifactMembership& member) = 0;
  // With its aliases in that collection.
  virtual Result<void> DeleteMember(CollectionId collection, ArtifactId artifact) = 0;

  virtual Result<std::optional<ArtifactAlias>> FindAlias(CollectionId collection,
                                                         std::string_view alias) const = 0;
  virtual Result<std::vector<ArtifactAlias>> ListAliases(CollectionId collection) const = 0;
  virtual Result<std::vector<ArtifactAlias>> ListAliasesOf(ArtifactId artifact) const = 0;
  // Moves the alias to `artifact`, from wherever it was.
  virtual Result<void> SetAlias(CollectionId collection, std::string_view alias,
                                ArtifactId artifact) = 0;
  virtual Result<void> DeleteAlias(AliasId id) = 0;

  virtual Result<std::optional<ArtifactManifest>> FindManifest(ManifestId id) const = 0;
  // In the order of creation.
  virtual Result<std::vector<ArtifactManifest>> ListManifests(ArtifactId artifact) const = 0;
  // Fills in `id`.
  virtual Result<void> InsertManifest(ArtifactManifest& manifest) = 0;
  virtual Result<void> UpdateManifest(const ArtifactManifest& manifest) = 0;

  // Replaces the entries of the artifact.
  virtual Result<void> PutEntries(ArtifactId artifact,
                                  const std::vector<ArtifactEntry>& entries) = 0;
  // [first, first + count) in the order of the manifest.
  virtual Result<std::vector<ArtifactFile>> ListFiles(ArtifactId artifact, std::int64_t first,
                                                      std::int64_t count) const = 0;
  virtual Result<std::optional<ArtifactFile>> FindFile(ArtifactId artifact,
                                                       std::string_view path) const = 0;

  // A blob of the artifact by its MD5, as base64.
  virtual Result<std::optional<Blob>> FindBlob(ArtifactId artifact,
                                               std::string_view md5_base64) const = 0;
  // A blob that some artifact of the entity's projects holds, with one such artifact.
  struct HeldBlob {
    Blob blob;
    ArtifactId holder{};
  };
  virtual Result<std::optional<HeldBlob>> FindBlobOfEntity(EntityId entity,
                                                           std::string_view md5_base64) const = 0;
  // Keeps the blob alive for the artifact.
  virtual Result<void> PutBlob(ArtifactId artifact, EntityId entity, const Blob& blob) = 0;

  // Notes that the run made or used the artifact; once is enough.
  virtual Result<void> AddUse(RunId run, ArtifactId artifact, ArtifactUse use) = 0;
  // Committed artifacts, in the order of use.
  virtual Result<std::vector<Artifact>> ListOfRun(RunId run, ArtifactUse use) const = 0;
  virtual Result<std::vector<RunId>> ListRunsUsing(ArtifactId artifact) const = 0;
};

}  // namespace regatta::tracking
