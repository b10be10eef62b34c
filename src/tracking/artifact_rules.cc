#include "regatta/tracking/artifact_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace regatta::tracking {
namespace {

constexpr std::size_t kNameLengthMax = 128;

std::string NameProblem(std::string_view name, std::string_view forbidden) {
  if (name.empty()) return "is empty";
  if (name.size() > kNameLengthMax) return fmt::format("is longer than {} bytes", kNameLengthMax);
  const std::size_t at = name.find_first_of(forbidden);
  if (at != std::string_view::npos) return fmt::format("holds a '{}'", name[at]);
  return "";
}

Error BadName(std::string_view what, std::string_view name, std::string_view problem) {
  return InvalidArgument(fmt::format("{} \"{}\" {}", what, name.substr(0, 150), problem));
}

// The index that "v3" names.
std::optional<std::int64_t> VersionOf(std::string_view alias) {
  if (alias.size() < 2 || alias[0] != 'v') return std::nullopt;
  std::int64_t version = 0;
  const char* end = alias.data() + alias.size();
  const auto [stop, error] = std::from_chars(alias.data() + 1, end, version);
  if (error != std::errc() || stop != end || version < 0) return std::nullopt;
  return version;
}

Result<Artifact> RequireArtifact(const Tables& tables, ArtifactId id) {
  Result<std::optional<Artifact>> found = tables.artifacts().Find(id);
  if (!found) return found.error();
  if (!*found) return NotFound("no such artifact: it may have been deleted");
  return **std::move(found);
}

Result<ArtifactCollection> RequireCollection(const Tables& tables, CollectionId id) {
  Result<std::optional<ArtifactCollection>> found = tables.artifacts().FindCollection(id);
  if (!found) return found.error();
  if (!*found) return NotFound("no such artifact collection: it may have been deleted");
  return **std::move(found);
}

struct WantedCollection {
  std::string_view name;
  std::string_view type;
  bool is_portfolio = false;
};

// The collection of that name, made if the project has none. Errors: kInvalidArgument if it is of
// another kind.
Result<ArtifactCollection> FindOrCreateCollection(Tables& tables, const Project& project,
                                                  const WantedCollection& wanted, Timestamp now) {
  if (const std::string problem = CollectionNameProblem(wanted.name); !problem.empty()) {
    return BadName("artifact name", wanted.name, problem);
  }
  Result<std::optional<ArtifactCollection>> found =
      tables.artifacts().FindCollectionByName(project.id, wanted.name);
  if (!found) return found.error();
  if (*found) {
    if ((*found)->type_name != wanted.type) {
      return InvalidArgument(fmt::format(
          "artifact collection {}/{}/{} holds artifacts of type \"{}\", not \"{}\": choose another "
          "name or that type",
          project.entity_name, project.name, wanted.name, (*found)->type_name, wanted.type));
    }
    if ((*found)->is_portfolio != wanted.is_portfolio) {
      return InvalidArgument(fmt::format(
          "artifact collection {}/{}/{} {}: choose another name", project.entity_name, project.name,
          wanted.name,
          wanted.is_portfolio ? "holds logged artifacts, so nothing can be linked into it"
                              : "is a portfolio, into which artifacts are linked, not logged"));
    }
    return **std::move(found);
  }
  const Result<ArtifactType> type = FindOrCreateType(tables, project.id, wanted.type, "", now);
  if (!type) return type.error();
  ArtifactCollection made{.project = project.id,
                          .type = type->id,
                          .type_name = type->name,
                          .name = std::string(wanted.name),
                          .is_portfolio = wanted.is_portfolio,
                          .created_at = now,
                          .updated_at = now};
  if (Result<void> done = tables.artifacts().InsertCollection(made); !done) return done.error();
  return made;
}

// The next member of the collection.
Result<ArtifactMembership> AddMember(Tables& tables, ArtifactCollection collection,
                                     ArtifactId artifact, Timestamp now) {
  ArtifactMembership member{.collection = collection.id,
                            .artifact = artifact,
                            .version = collection.next_version++,
                            .created_at = now};
  collection.updated_at = now;
  if (Result<void> done = tables.artifacts().UpdateCollection(collection); !done) {
    return done.error();
  }
  if (Result<void> done = tables.artifacts().InsertMember(member); !done) return done.error();
  return member;
}

Result<void> SetAliases(Tables& tables, CollectionId collection, ArtifactId artifact,
                        const std::vector<std::string>& aliases) {
  if (Result<void> done = tables.artifacts().SetAlias(collection, kLatestAlias, artifact); !done) {
    return done;
  }
  for (const std::string& alias : aliases) {
    if (alias == kLatestAlias || VersionOf(alias)) continue;
    if (Result<void> done = tables.artifacts().SetAlias(collection, alias, artifact); !done) {
      return done;
    }
  }
  return Ok();
}

// `latest` of a collection that lost a member, to the newest that is left.
Result<void> RestoreLatest(Tables& tables, CollectionId collection) {
  const Result<std::optional<ArtifactAlias>> latest =
      tables.artifacts().FindAlias(collection, kLatestAlias);
  if (!latest) return latest.error();
  if (*latest) return Ok();
  const Result<std::vector<ArtifactMembership>> left = tables.artifacts().ListMembers(collection);
  if (!left) return left.error();
  if (left->empty()) return Ok();
  return tables.artifacts().SetAlias(collection, kLatestAlias, left->front().artifact);
}

Result<void> CheckNew(const NewArtifact& wanted) {
  for (const std::string& alias : wanted.aliases) {
    if (const std::string problem = AliasProblem(alias); !problem.empty()) {
      return BadName("alias", alias, problem);
    }
  }
  return Ok();
}

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

}  // namespace

std::string CollectionNameProblem(std::string_view name) { return NameProblem(name, "/:"); }
std::string AliasProblem(std::string_view alias) { return NameProblem(alias, "/:"); }
std::string TagProblem(std::string_view tag) {
  std::string problem = NameProblem(tag, "/:,;'\"");
  if (problem.empty() && (tag.front() == ' ' || tag.back() == ' ')) {
    problem = "begins or ends with a space";
  }
  return problem;
}

Result<ArtifactType> FindOrCreateType(Tables& tables, ProjectId project, std::string_view name,
                                      std::string_view description, Timestamp now) {
  if (const std::string problem = NameProblem(name, "/:"); !problem.empty()) {
    return BadName("artifact type", name, problem);
  }
  Result<std::optional<ArtifactType>> found = tables.artifacts().FindTypeByName(project, name);
  if (!found) return found.error();
  if (*found) return **std::move(found);
  ArtifactType type{.project = project,
                    .name = std::string(name),
                    .description = std::string(description),
                    .created_at = now};
  if (Result<void> done = tables.artifacts().InsertType(type); !done) return done.error();
  return type;
}

Result<Artifact> CreateArtifact(Tables& tables, const Project& project, const NewArtifact& wanted,
                                Timestamp now) {
  if (Result<void> checked = CheckNew(wanted); !checked) return checked.error();
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
    if (artifact.created_at + std::chrono::seconds(artifact.ttl_seconds) > now) continue;
    const Result<Artifact> deleted = DeleteArtifact(tables, artifact.id, true, now);
    if (!deleted) return deleted.error();
    count += 1;
  }
  return count;
}

Result<ArtifactMembership> LinkArtifact(Tables& tables, const Project& project,
                                        std::string_view portfolio, ArtifactId id,
                                        const std::vector<std::string>& aliases, Timestamp now) {
  const Result<Artifact> artifact = RequireArtifact(tables, id);
  if (!artifact) return artifact.error();
  if (artifact->state != ArtifactState::kCommitted) {
    return FailedPrecondition("only a committed artifact can be linked: wait for its upload first");
  }
  const Result<ArtifactCollection> sequence = RequireCollection(tables, artifact->sequence);
  if (!sequence) return sequence.error();
  for (const std::string& alias : aliases) {
    if (const std::string problem = AliasProblem(alias); !problem.empty()) {
      return BadName("alias", alias, problem);
    }
  }
  const Result<ArtifactCollection> target = FindOrCreateCollection(
      tables, project, {.name = portfolio, .type = sequence->type_name, .is_portfolio = true}, now);
  if (!target) return target.error();
  const Result<std::optional<ArtifactMembership>> old =
      tables.artifacts().FindMember(target->id, id);
  if (!old) return old.error();
  ArtifactMembership member;
  if (*old) {
    member = **old;
  } else {
    const Result<ArtifactMembership> added = AddMember(tables, *target, id, now);
    if (!added) return added;
    member = *added;
  }
  if (Result<void> done = SetAliases(tables, target->id, id, aliases); !done) return done.error();
  return member;
}

Result<void> UnlinkArtifact(Tables& tables, CollectionId portfolio, ArtifactId artifact) {
  const Result<ArtifactCollection> collection = RequireCollection(tables, portfolio);
  if (!collection) return collection.error();
  if (!collection->is_portfolio) {
    return FailedPrecondition(fmt::format(
        "artifact collection \"{}\" is where the artifact was logged: delete it instead of "
        "unlinking it",
        collection->name));
  }
  const Result<std::optional<ArtifactMembership>> member =
      tables.artifacts().FindMember(portfolio, artifact);
  if (!member) return member.error();
  if (!*member) {
    return NotFound(fmt::format("the artifact is not linked into \"{}\"", collection->name));
  }
  if (Result<void> done = tables.artifacts().DeleteMember(portfolio, artifact); !done) return done;
  return RestoreLatest(tables, portfolio);
}

Result<std::optional<ArtifactMembership>> FindMember(const Tables& tables, CollectionId collection,
                                                     std::string_view alias) {
  const Result<std::optional<ArtifactAlias>> named =
      tables.artifacts().FindAlias(collection, alias.empty() ? kLatestAlias : alias);
  if (!named) return named.error();
  if (*named) return tables.artifacts().FindMember(collection, (*named)->artifact);
  if (const std::optional<std::int64_t> version = VersionOf(alias)) {
    return tables.artifacts().FindMemberByVersion(collection, *version);
  }
  return std::optional<ArtifactMembership>();
}

Result<void> AddAlias(Tables& tables, CollectionId collection, std::string_view alias,
                      ArtifactId artifact) {
  std::string problem = AliasProblem(alias);
  if (problem.empty() && VersionOf(alias)) problem = "is the name of a version";
  if (!problem.empty()) return BadName("alias", alias, problem);
  const Result<std::optional<ArtifactMembership>> member =
      tables.artifacts().FindMember(collection, artifact);
  if (!member) return member.error();
  if (!*member) {
    return NotFound(fmt::format("alias \"{}\": the artifact is not in that collection", alias));
  }
  return tables.artifacts().SetAlias(collection, alias, artifact);
}

Result<void> RemoveAlias(Tables& tables, CollectionId collection, std::string_view alias,
                         ArtifactId artifact) {
  const Result<std::optional<ArtifactAlias>> named =
      tables.artifacts().FindAlias(collection, alias);
  if (!named) return named.error();
  if (!*named || (*named)->artifact != artifact) return Ok();
  return tables.artifacts().DeleteAlias((*named)->id);
}

Result<std::vector<std::string>> EditTags(std::vector<std::string> tags,
                                          const std::vector<std::string>& added,
                                          const std::vector<std::string>& removed) {
  for (const std::string& tag : added) {
    if (const std::string problem = TagProblem(tag); !problem.empty()) {
      return BadName("invalid tag", tag, problem);
    }
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  std::erase_if(tags, [&](const std::string& tag) {
    return std::find(removed.begin(), removed.end(), tag) != removed.end();
  });
  return tags;
}

}  // namespace regatta::tracking
