// Making and deleting artifacts; artifact_collections.cc holds what is about their collections.
#include "regatta/tracking/artifact_rules.h"

#include <fmt/format.h>

#include "artifact_collections.h"

namespace regatta::tracking {
namespace {

// An artifact that answers the wish as it is: the same content, or the one that others are making.
Result<std::optional<Artifact>> FindEqual(const Tables& tables, CollectionId sequence,
                                          const NewArtifact& wanted) {
  if (!wanted.client_id.empty()) {
    // A repeated request.
    Result<std::optional<Artifact>> same = tables.artifacts().FindByClient(wanted.client_id);
    if (!same ||
        (*same && (*same)->sequence == sequence && (*same)->state == ArtifactState::kPending)) {
      return same;
    }
  }
  if (!wanted.distributed_id.empty()) {
    Result<std::optional<Artifact>> shared =
        tables.artifacts().FindDistributed(sequence, wanted.distributed_id);
    if (!shared || *shared) return shared;
  }
  if (!wanted.reuses_equal || wanted.digest.empty()) return std::optional<Artifact>();
  return tables.artifacts().FindByDigest(sequence, wanted.digest);
}

// The blob of each file of `manifest` becomes one of the artifact's own, so that it outlives the
// artifact that it came with.
Result<void> HoldBlobs(Tables& tables, const Artifact& artifact, EntityId entity,
                       const Manifest& manifest) {
  for (const ArtifactEntry& entry : manifest.entries) {
    if (!entry.reference.empty()) continue;
    const Result<std::optional<Blob>> own = tables.artifacts().FindBlob(artifact.id, entry.digest);
    if (!own) return own.error();
    if (*own) continue;
    const auto held = tables.artifacts().FindBlobOfEntity(entity, entry.digest);
    if (!held) return held.error();
    if (!*held) {
      return FailedPrecondition(fmt::format(
          "the content of \"{}\" was never uploaded: log the artifact again", entry.path));
    }
    if (Result<void> done = tables.artifacts().PutBlob(artifact.id, entity, (*held)->blob); !done) {
      return done;
    }
  }
  return Ok();
}

// The ids that clients make up are random: one that names an artifact of another owner was taken
// from there.
Result<void> CheckClient(const Tables& tables, const Project& project, std::string_view client_id) {
  const Result<std::optional<Artifact>> known = tables.artifacts().FindByClient(client_id);
  if (!known) return known.error();
  if (!*known) return Ok();
  const Result<std::optional<Project>> home = tables.projects().Find((*known)->project);
  if (!home) return home.error();
  if (!*home || (*home)->entity == project.entity) return Ok();
  return AlreadyExists(fmt::format("clientID \"{}\" is taken: make a new one for each artifact",
                                   client_id.substr(0, 150)));
}

}  // namespace

std::string TtlProblem(std::int64_t seconds) {
  if (seconds == kTtlInherited || seconds == kTtlDisabled) return "";
  if (seconds >= 1 && seconds <= kTtlMax) return "";
  return fmt::format(
      "ttlDurationSeconds {} is no lifetime: it takes 1 to {} seconds, -1 for the team's, or -2 "
      "for "
      "none",
      seconds, kTtlMax);
}

Result<Artifact> CreateArtifact(Tables& tables, const Project& project, const NewArtifact& wanted,
                                Timestamp now) {
  if (const std::string problem = TtlProblem(wanted.ttl_seconds); !problem.empty()) {
    return InvalidArgument(problem);
  }
  if (Result<void> checked = CheckAliases(wanted.aliases); !checked) return checked.error();
  const Result<ArtifactCollection> sequence = FindOrCreateCollection(
      tables, project, {.name = wanted.collection, .type = wanted.type}, now);
  if (!sequence) return sequence.error();
  const Result<std::vector<std::string>> tags = EditTags({}, wanted.tags, {});
  if (!tags) return tags.error();

  Result<std::optional<Artifact>> equal = FindEqual(tables, sequence->id, wanted);
  if (!equal) return equal.error();
  Artifact artifact;
  if (*equal) {
    artifact = **std::move(equal);
    if (artifact.state == ArtifactState::kCommitted) {
      Result<void> done = SetAliases(tables, sequence->id, artifact.id, wanted.aliases);
      if (!done) return done.error();
    }
  } else {
    artifact = {.sequence = sequence->id,
                .project = project.id,
                .digest = wanted.digest,
                .description = wanted.description,
                .metadata_json = wanted.metadata_json,
                .ttl_seconds = wanted.ttl_seconds,
                .history_step = wanted.history_step,
                .creator = wanted.creator,
                .run = wanted.run,
                .distributed_id = wanted.distributed_id,
                .tags = *tags,
                .requested_aliases = wanted.aliases,
                .created_at = now,
                .updated_at = now};
    if (Result<void> done = tables.artifacts().Insert(artifact); !done) return done.error();
  }
  if (!wanted.client_id.empty()) {
    Result<void> free = CheckClient(tables, project, wanted.client_id);
    if (!free) return free.error();
    Result<void> done = tables.artifacts().SetClient(wanted.client_id, artifact.id);
    if (!done) return done.error();
  }
  if (wanted.run != RunId{}) {
    Result<void> done = tables.artifacts().AddUse(wanted.run, artifact.id, ArtifactUse::kOutput);
    if (!done) return done.error();
  }
  return artifact;
}

Result<ArtifactManifest> CreateManifest(Tables& tables, ArtifactManifest wanted, Timestamp now) {
  const Result<Artifact> artifact = RequireArtifact(tables, wanted.artifact);
  if (!artifact) return artifact.error();
  if (artifact->state != ArtifactState::kPending) {
    return FailedPrecondition("the artifact is committed already: its manifest cannot change");
  }
  const Result<std::vector<ArtifactManifest>> all =
      tables.artifacts().ListManifests(wanted.artifact);
  if (!all) return all.error();
  if (wanted.kind == ManifestKind::kFull) {
    for (const ArtifactManifest& manifest : *all) {
      if (manifest.kind != wanted.kind || manifest.name != wanted.name) continue;
      ArtifactManifest again = manifest;
      again.digest = wanted.digest;
      again.base = wanted.base;
      if (Result<void> done = tables.artifacts().UpdateManifest(again); !done) return done.error();
      return again;
    }
  }
  wanted.created_at = now;
  if (Result<void> done = tables.artifacts().InsertManifest(wanted); !done) return done.error();
  return wanted;
}

Result<std::vector<ArtifactManifest>> ManifestsToMerge(const Tables& tables, ArtifactId artifact) {
  const Result<std::vector<ArtifactManifest>> all = tables.artifacts().ListManifests(artifact);
  if (!all) return all.error();
  std::vector<ArtifactManifest> parts;
  for (const ArtifactManifest& manifest : *all) {
    if (manifest.blob.sha256_hex.empty()) continue;
    if (manifest.kind == ManifestKind::kFull) parts.clear();
    if (manifest.kind == ManifestKind::kIncremental && parts.empty() &&
        manifest.base != ArtifactId{}) {
      const Result<std::optional<Artifact>> base = tables.artifacts().Find(manifest.base);
      if (!base) return base.error();
      if (*base && (*base)->state == ArtifactState::kCommitted) {
        Result<std::optional<ArtifactManifest>> content =
            tables.artifacts().FindManifest((*base)->manifest);
        if (!content) return content.error();
        if (*content) parts.push_back(**std::move(content));
      }
    }
    parts.push_back(manifest);
  }
  if (parts.empty()) {
    return FailedPrecondition("the artifact's manifest was never uploaded: log it again");
  }
  return parts;
}

Result<Artifact> CommitArtifact(Tables& tables, ArtifactId id, const Manifest& manifest,
                                const Blob& blob, Timestamp now) {
  Result<Artifact> found = RequireArtifact(tables, id);
  if (!found) return found;
  Artifact artifact = *std::move(found);
  if (artifact.state == ArtifactState::kCommitted) return artifact;
  if (artifact.state == ArtifactState::kDeleted) return NotFound("the artifact was deleted");
  const Result<ArtifactCollection> sequence = RequireCollection(tables, artifact.sequence);
  if (!sequence) return sequence.error();
  const Result<std::optional<Project>> project = tables.projects().Find(artifact.project);
  if (!project) return project.error();
  Result<void> held = HoldBlobs(tables, artifact, (*project)->entity, manifest);
  if (!held) return held.error();
  if (Result<void> done = tables.artifacts().PutEntries(id, manifest.entries); !done) {
    return done.error();
  }
  ArtifactManifest whole{.artifact = id,
                         .name = "wandb_manifest.json",
                         .digest = artifact.digest,
                         .blob = blob,
                         .created_at = now};
  if (Result<void> done = tables.artifacts().InsertManifest(whole); !done) return done.error();
  const Result<ArtifactMembership> member = AddMember(tables, *sequence, id, now);
  if (!member) return member.error();
  artifact.state = ArtifactState::kCommitted;
  artifact.version = member->version;
  artifact.manifest = whole.id;
  artifact.file_count = static_cast<std::int64_t>(manifest.entries.size());
  artifact.size = 0;
  for (const ArtifactEntry& entry : manifest.entries) artifact.size += entry.size;
  artifact.updated_at = now;
  if (Result<void> done = tables.artifacts().Update(artifact); !done) return done.error();
  Result<void> named = SetAliases(tables, sequence->id, id, artifact.requested_aliases);
  if (!named) return named.error();
  return artifact;
}

Result<Artifact> DeleteArtifact(Tables& tables, ArtifactId id, bool deletes_aliases,
                                Timestamp now) {
  Result<Artifact> found = RequireArtifact(tables, id);
  if (!found) return found;
  Artifact artifact = *std::move(found);
  if (artifact.state == ArtifactState::kDeleted) return artifact;
  if (!deletes_aliases) {
    const Result<std::vector<ArtifactAlias>> aliases = tables.artifacts().ListAliasesOf(id);
    if (!aliases) return aliases.error();
    for (const ArtifactAlias& alias : *aliases) {
      if (alias.alias == kLatestAlias) continue;
      return FailedPrecondition(fmt::format(
          "the artifact has the alias \"{}\": delete it with its aliases, or take them away first",
          alias.alias));
    }
  }
  const Result<std::vector<ArtifactMembership>> members = tables.artifacts().ListMemberships(id);
  if (!members) return members.error();
  if (Result<void> done = tables.artifacts().DropContent(id); !done) return done.error();
  for (const ArtifactMembership& member : *members) {
    if (Result<void> done = RestoreLatest(tables, member.collection); !done) return done.error();
  }
  artifact.state = ArtifactState::kDeleted;
  artifact.manifest = ManifestId{};
  artifact.updated_at = now;
  if (Result<void> done = tables.artifacts().Update(artifact); !done) return done.error();
  return artifact;
}

Result<void> DeleteOutputs(Tables& tables, RunId run, Timestamp now) {
  const Result<std::vector<Artifact>> made =
      tables.artifacts().ListOfRun(run, ArtifactUse::kOutput);
  if (!made) return made.error();
  for (const Artifact& artifact : *made) {
    const Result<Artifact> deleted = DeleteArtifact(tables, artifact.id, true, now);
    if (!deleted) return deleted.error();
  }
  return Ok();
}

Result<void> DeleteCollection(Tables& tables, CollectionId id, Timestamp now) {
  const Result<ArtifactCollection> collection = RequireCollection(tables, id);
  if (!collection) return collection.error();
  if (!collection->is_portfolio) {
    const Result<std::vector<ArtifactMembership>> members = tables.artifacts().ListMembers(id);
    if (!members) return members.error();
    for (const ArtifactMembership& member : *members) {
      const Result<Artifact> deleted = DeleteArtifact(tables, member.artifact, true, now);
      if (!deleted) return deleted.error();
    }
  }
  return tables.artifacts().DeleteCollection(id);
}

Result<int> DeleteExpired(Tables& tables, Timestamp now) {
  const Result<std::vector<Artifact>> mortal = tables.artifacts().ListMortal();
  if (!mortal) return mortal.error();
  int count = 0;
  for (const Artifact& artifact : *mortal) {
    // In seconds: the end of a long life is beyond what a Timestamp can hold.
    const auto age = std::chrono::floor<std::chrono::seconds>(now - artifact.created_at);
    if (age.count() < artifact.ttl_seconds) continue;
    const Result<Artifact> deleted = DeleteArtifact(tables, artifact.id, true, now);
    if (!deleted) return deleted.error();
    count += 1;
  }
  return count;
}

}  // namespace regatta::tracking
