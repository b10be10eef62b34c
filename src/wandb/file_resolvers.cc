// Files of runs: listing them, and the links by which they come and go.
#include <fmt/format.h>

#include <algorithm>

#include "artifact_nodes.h"
#include "connection.h"
#include "links.h"
#include "regatta/codec/percent.h"
#include "regatta/net/http.h"
#include "regatta/tracking/run_rules.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::RunFile;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

// SQL's LIKE: % is any text, _ one character; case counts.
bool MatchesLike(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

// An artifact's file was given its grant, or none, by those who looked at the rights.
Result<void> RequireUpload(const FileNode& node) {
  return node.run_project == nullptr ? Ok() : RequireWrite(*node.run_project);
}

// A link that anybody may upload by: for those who may write to the run.
Resolved UploadUrl(const RequestContext& context, const FileNode& node) {
  Grant grant{
      .kind = Grant::Kind::kUploadRunFile, .target = ToInt(node.file.run), .name = node.file.name};
  if (node.artifact_part) {
    if (!node.artifact_part->upload) return nullptr;
    grant = *node.artifact_part->upload;
  }
  return fmt::format("{}/upload/{}", context.base_url, context.links.Sign(grant));
}

std::string DirectUrl(const RequestContext& context, const FileNode& node) {
  if (node.artifact_part && !node.artifact_part->reference.empty()) {
    return node.artifact_part->reference;
  }
  const RunFile& file = node.file;
  std::string shown_name = codec::EncodePercent(file.name.substr(file.name.rfind('/') + 1));
  if (node.artifact_part) {  // as the hosted server's links: tools tell contents from manifests so
    const std::string& path = node.artifact_part->storage_path;
    shown_name = path.substr(0, path.find('/') + 1) + shown_name;
  }
  return fmt::format("{}/download/{}/{}", context.base_url,
                     context.links.Sign({.kind = Grant::Kind::kDownloadBlob,
                                         .name = file.blob.sha256_hex,
                                         .note = file.mimetype}),
                     shown_name);
}

Result<Resolved> ListFiles(const RunNode& node, const FieldContext& field) {
  const Arguments& args = field.args();
  const std::vector<std::string> names =
      args.StringList("names").value_or(std::vector<std::string>());
  // The old way to upload asks for links of files that do not exist yet.
  const bool for_upload = field.Selects("uploadHeaders");
  std::vector<FileNode> files;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<std::vector<RunFile>> listed = tables.files().List(node.run.id);
    if (!listed) return listed.error();
    if (!names.empty()) {
      for (const std::string& name : names) {
        const auto found = std::find_if(listed->begin(), listed->end(),
                                        [&](const RunFile& file) { return file.name == name; });
        if (found != listed->end()) {
          files.push_back({.file = *found, .run_project = node.project});
        } else if (for_upload) {
          files.push_back({.file = RunFile{.run = node.run.id, .name = name},
                           .is_stored = false,
                           .run_project = node.project});
        }
      }
      return Ok();
    }
    const std::string pattern = args.StringOr("pattern", "");
    for (RunFile& file : *listed) {
      if (pattern.empty() || MatchesLike(file.name, pattern)) {
        files.push_back({.file = std::move(file), .run_project = node.project});
      }
    }
    return Ok();
  });
  if (!read) return read.error();
  return PageOfList("FileConnection", "FileEdge", args, files,
                    [](const FileNode& file) { return Resolved::Own("File", FileNode(file)); });
}

// The run of the input, which exists or is made: files may come before anything else.
struct UploadTarget {
  tracking::Run run;
  std::shared_ptr<const ProjectNode> project;
  std::string storage_id;
};

Result<UploadTarget> RequireUploadTarget(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Arguments input = field.input();
  UploadTarget target;
  const auto take = [&](const RunNode& node) {
    target.run = node.run;
    target.project = node.project;
    target.storage_id =
        EncodeRunId(node.run.name, node.project->project.name, node.project->project.entity_name);
  };
  const std::string entity = input.StringOr("entityName", "");
  const std::string project = input.StringOr("projectName", "");
  const std::string name = input.StringOr("runName", "");
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const auto run = FindRun(tables, context, entity, project, name);
    if (!run) return run.error();
    if (*run == nullptr) {
      return NotFound(
          fmt::format("run {}/{}/{} not found: create it before its files", entity, project, name));
    }
    if (Result<void> allowed = RequireWrite(*(*run)->project); !allowed) return allowed;
    take(**run);
    return Ok();
  });
  if (!read) return read.error();
  return target;
}

Result<Resolved> CreateRunFiles(const FieldContext& field) {
  const Result<UploadTarget> target = RequireUploadTarget(field);
  if (!target) return target.error();
  const std::vector<std::string> names =
      field.input().StringList("files").value_or(std::vector<std::string>());
  std::vector<Resolved> files;
  for (const std::string& name : names) {
    if (const std::string problem = tracking::FileNameProblem(name); !problem.empty()) {
      return InvalidArgument(fmt::format("file name \"{}\" {}", name.substr(0, 120), problem));
    }
    files.push_back(
        Resolved::Own("File", FileNode{.file = RunFile{.run = target->run.id, .name = name},
                                       .is_stored = false,
                                       .run_project = target->project}));
  }
  return Resolved(Record("CreateRunFilesPayload")
                      .Set("runID", target->storage_id)
                      .Set("uploadHeaders", Resolved(Resolved::Items()))
                      .Set("files", std::move(files)));
}

Result<Resolved> MarkRunFilesUploaded(const FieldContext& field) {
  const Result<UploadTarget> target = RequireUploadTarget(field);
  if (!target) return target.error();
  // A file counts as uploaded when its PUT was answered; there is nothing left to do.
  return Resolved(Record("MarkRunFilesUploadedPayload").Set("success", true));
}

Result<Resolved> DeleteFiles(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const std::vector<std::string> ids =
      field.input().StringList("files").value_or(std::vector<std::string>());
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    for (const std::string& id : ids) {
      const Result<std::int64_t> number = DecodeId("File", id);
      if (!number) return number.error();
      const Result<std::optional<RunFile>> file = tables.files().Find(tracking::FileId{*number});
      if (!file) return file.error();
      if (!*file) return NotFound(fmt::format("file {} not found", id));
      const Result<std::optional<tracking::Run>> run = tables.runs().Find((*file)->run);
      if (!run) return run.error();
      const auto project = FindProject(tables, context, (*run)->project);
      if (!project) return project.error();
      if (*project == nullptr) return NotFound(fmt::format("file {} not found", id));
      if (Result<void> allowed = RequireWrite(**project); !allowed) return allowed;
      if (Result<void> done = tables.files().Delete((*file)->id); !done) return done;
    }
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(Record("DeleteFilesPayload").Set("success", true));
}

void AddFileFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<FileNode>("File", name,
                              [read](const FileNode& node) { return Resolved(read(node)); });
  };
  add("id", [](const FileNode& f) {
    if (f.artifact_part) return f.artifact_part->id;
    return f.is_stored ? EncodeId("File", ToInt(f.file.id)) : "NewFile:" + f.file.name;
  });
  add("name", [](const FileNode& f) { return f.file.name; });
  add("displayName", [](const FileNode& f) { return f.file.name; });
  add("sizeBytes", [](const FileNode& f) { return f.file.blob.size; });
  add("mimetype", [](const FileNode& f) { return f.file.mimetype; });
  add("updatedAt", [](const FileNode& f) {
    return f.is_stored ? Resolved(FormatTime(f.file.updated_at)) : Resolved(nullptr);
  });
  add("md5", [](const FileNode& f) { return f.file.blob.md5_base64; });
  add("digest", [](const FileNode& f) { return f.file.blob.md5_base64; });
  add("storagePath", [](const FileNode& f) {
    return f.artifact_part ? f.artifact_part->storage_path : f.file.blob.sha256_hex;
  });
  add("uploadHeaders", [](const FileNode&) { return Resolved(Resolved::Items()); });
  add("uploadMultipartUrls", [](const FileNode&) { return Resolved(nullptr); });
  add("artifact", [](const FileNode& f) {
    if (!f.artifact_part) return Resolved(nullptr);
    return Resolved::Object("Artifact", f.artifact_part->artifact);
  });
  resolvers.Field<FileNode>(
      "File", "url", [](const FileNode& node, const FieldContext& field) -> Result<Resolved> {
        const RequestContext& context = Context(field);
        if (node.is_stored && !field.args().BoolOr("upload", false)) {
          return Resolved(DirectUrl(context, node));
        }
        if (Result<void> allowed = RequireUpload(node); !allowed) return allowed.error();
        return UploadUrl(context, node);
      });
  resolvers.Field<FileNode>(
      "File", "uploadUrl", [](const FileNode& node, const FieldContext& field) -> Result<Resolved> {
        if (Result<void> allowed = RequireUpload(node); !allowed) {
          // A listing of what is there is no wish to write to it.
          return node.is_stored ? Result<Resolved>(nullptr) : allowed.error();
        }
        return UploadUrl(Context(field), node);
      });
  resolvers.Field<FileNode>("File", "directUrl",
                            [](const FileNode& node, const FieldContext& field) {
                              return DirectUrl(Context(field), node);
                            });
}

}  // namespace

void AddFileResolvers(ResolverMap& resolvers) {
  resolvers.Field<RunNode>("Run", "files", ListFiles);
  resolvers.Field<RunNode>(
      "Run", "fileCount", [](const RunNode& node, const FieldContext& field) -> Result<Resolved> {
        std::int64_t count = 0;
        const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
          const Result<std::int64_t> counted = tables.files().Count(node.run.id);
          if (!counted) return counted.error();
          count = *counted;
          return Ok();
        });
        if (!read) return read.error();
        return Resolved(count);
      });
  resolvers.Add("Mutation", "createRunFiles", CreateRunFiles);
  resolvers.Add("Mutation", "markRunFilesUploaded", MarkRunFilesUploaded);
  resolvers.Add("Mutation", "deleteFiles", DeleteFiles);
  AddFileFields(resolvers);
  resolvers.Record("FileConnection", {"edges", "pageInfo", "totalCount", "uploadHeaders"});
  resolvers.Record("FileEdge", {"node", "cursor"});
  // Never given out: a null where they would stand means an upload in one piece.
  resolvers.Record("UploadMultipartUrls", {"uploadID", "uploadUrlParts"});
  resolvers.Record("UploadUrlPart", {"partNumber", "uploadUrl"});
  resolvers.Record("CreateRunFilesPayload",
                   {"runID", "uploadHeaders", "files", "clientMutationId"});
  resolvers.Record("MarkRunFilesUploadedPayload", {"success", "clientMutationId"});
  resolvers.Record("DeleteFilesPayload", {"success", "clientMutationId"});
}

}  // namespace regatta::wandb
