#include "artifact_collections.h"

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

Result<void> CheckAliases(const std::vector<std::string>& aliases) {
  for (const std::string& alias : aliases) {
    if (const std::string problem = AliasProblem(alias); !problem.empty()) {
      return BadName("alias", alias, problem);
    }
  }
  return Ok();
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
  if (Result<void> checked = CheckAliases(aliases); !checked) return checked.error();
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
