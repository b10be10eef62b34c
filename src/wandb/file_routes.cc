#include "file_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "regatta/codec/base64.h"
#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"
#include "request_context.h"

namespace regatta::wandb {

using tracking::Blob;
using tracking::Run;
using tracking::RunFile;
using tracking::Tables;

namespace {

Blob BlobOf(const net::SpooledFile& file) {
  return {.sha256_hex = codec::EncodeHex(codec::AsBytes(file.sha256())),
          .md5_base64 = codec::EncodeBase64(codec::AsBytes(file.md5())),
          .size = static_cast<std::int64_t>(file.size())};
}

// Whether `text`, which a client said, can stand in a header and in a link: printable ASCII.
bool IsMediaType(std::string_view text) {
  constexpr std::size_t kLengthMax = 255;
  return !text.empty() && text.size() <= kLengthMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Result<void> StoreRunFile(const Services& services, const Grant& grant,
                          const net::Request& request) {
  const Blob blob = BlobOf(*request.spooled_body);
  const std::string path = request.spooled_body->Release().string();
  if (Result<void> adopted = services.store.blobs().Adopt(path, blob); !adopted) return adopted;
  return services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<std::optional<Run>> run = tables.runs().Find(tracking::RunId{grant.target});
    if (!run) return run.error();
    if (!*run) return NotFound("the run that this upload belongs to was deleted");
    const std::string_view sent_type = request.headers.Get("Content-Type");
    RunFile file{
        .run = (*run)->id,
        .name = grant.name,
        .blob = blob,
        .mimetype = std::string(IsMediaType(sent_type) ? sent_type : net::MediaType(grant.name)),
        .updated_at = services.clock.Now()};
    if (Result<void> put = tables.files().Put(file); !put) return put;
    tables.Notify({.project = (*run)->project,
                   .run_name = (*run)->name,
                   .sweep_name = (*run)->sweep_name,
                   .kinds = tracking::Change::kFiles});
    return Ok();
  });
}

// Requires: a grant of kUploadArtifact.
Result<void> StoreArtifactFile(const Services& services, const Grant& grant,
                               const net::Request& request) {
  const Blob blob = BlobOf(*request.spooled_body);
  constexpr std::string_view kFile = "file:";
  constexpr std::string_view kManifest = "manifest:";
  const std::string_view name = grant.name;
  const bool is_file = name.starts_with(kFile);
  if (is_file && name.substr(kFile.size()) != blob.md5_base64) {
    return InvalidArgument(fmt::format(
        "artifact file \"{}\": what came has the MD5 {}, but {} was announced: the file changed or "
        "was cut off, so log the artifact again",
        grant.note, blob.md5_base64, name.substr(kFile.size())));
  }
  const std::string path = request.spooled_body->Release().string();
  if (Result<void> adopted = services.store.blobs().Adopt(path, blob); !adopted) return adopted;
  const tracking::ArtifactId id{grant.target};
  return services.store.Write([&](Tables& tables) -> Result<void> {
    const auto artifact = tables.artifacts().Find(id);
    if (!artifact) return artifact.error();
    if (!*artifact || (*artifact)->state == tracking::ArtifactState::kDeleted) {
      return NotFound("the artifact that this upload belongs to was deleted");
    }
    if (is_file) {
      const auto project = tables.projects().Find((*artifact)->project);
      if (!project) return project.error();
      return tables.artifacts().PutBlob(id, (*project)->entity, blob);
    }
    if ((*artifact)->state != tracking::ArtifactState::kPending) {
      return FailedPrecondition("the artifact is committed already: its manifest cannot change");
    }
    const std::string number(name.substr(kManifest.size()));
    const auto found = tables.artifacts().FindManifest(tracking::ManifestId{std::stoll(number)});
    if (!found) return found.error();
    if (!*found) return NotFound("the manifest that this upload belongs to was deleted");
    tracking::ArtifactManifest manifest = **found;
    manifest.blob = blob;
    return tables.artifacts().UpdateManifest(manifest);
  });
}

Result<void> StoreUpload(const Services& services, const Grant& grant,
                         const net::Request& request) {
  if (grant.kind == Grant::Kind::kUploadRunFile) return StoreRunFile(services, grant, request);
  return StoreArtifactFile(services, grant, request);
}

net::Response FileAnswer(const Services& services, std::string_view sha256_hex,
                         std::string_view mimetype) {
  const Result<std::string> path = services.store.blobs().Path(sha256_hex);
  if (!path) return net::ErrorResponse(path.error());
  net::Response response;
  response.headers.Set("Content-Type",
                       IsMediaType(mimetype) ? std::string(mimetype) : "application/octet-stream");
  // A file that people uploaded is shown, never run, whatever type it claims.
  response.headers.Set("Content-Security-Policy",
                       "sandbox; default-src 'none'; img-src 'self'; "
                       "media-src 'self'; style-src 'unsafe-inline'");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("ETag", fmt::format("\"{}\"", sha256_hex));
  response.body = net::FileBody{.path = *path};
  return response;
}

void ServeDownload(const Services& services, const Links& links, const net::Request& request,
                   const net::Responder& responder) {
  const Result<Grant> grant = links.Verify(request.Param("token"));
  if (!grant || grant->kind != Grant::Kind::kDownloadBlob) {
    responder.Send(grant ? PermissionDenied("this is not a download link") : grant.error());
    return;
  }
  responder.Send(FileAnswer(services, grant->name, grant->note));
}

void ServeRunFile(const Services& services, const Links& links, const net::Request& request,
                  const net::Responder& responder) {
  Result<tracking::User> viewer = Viewer(services, request);
  if (!viewer) return responder.Send(viewer.error());
  RequestContext context(services, links, *viewer, request.base_url);
  std::optional<RunFile> file;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const auto run = FindRun(tables, context, request.Param("entity"), request.Param("project"),
                             request.Param("run"));
    if (!run) return run.error();
    if (*run == nullptr) return NotFound("no such file");
    Result<std::optional<RunFile>> found =
        tables.files().FindByName((*run)->run.id, request.Param("path"));
    if (!found) return found.error();
    if (!*found) return NotFound(fmt::format("no such file: {}", request.Param("path")));
    file = *std::move(found);
    return Ok();
  });
  if (!read) return responder.Send(read.error());
  responder.Send(FileAnswer(services, file->blob.sha256_hex, file->mimetype));
}

// A file of some artifact of an entity, by the MD5 that a manifest names: the addresses that
// clients build by themselves.
void ServeArtifactFile(const Services& services, const Links& links, const net::Request& request,
                       const net::Responder& responder) {
  Result<tracking::User> viewer = Viewer(services, request);
  if (!viewer) return responder.Send(viewer.error());
  RequestContext context(services, links, *viewer, request.base_url);
  Blob blob;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const Error missing =
        NotFound(fmt::format("no artifact of {} holds such a file", request.Param("entity")));
    const auto entity = FindEntity(tables, context, request.Param("entity"));
    if (!entity) return entity.error();
    const Result<std::string> md5 = codec::DecodeHex(request.Param("md5"));
    if (!*entity || !md5) return missing;
    const auto held = tables.artifacts().FindBlobOfEntity((*entity)->id, codec::EncodeBase64(*md5));
    if (!held) return held.error();
    if (!*held) return missing;
    blob = (*held)->blob;
    return Ok();
  });
  if (!read) return responder.Send(read.error());
  responder.Send(FileAnswer(services, blob.sha256_hex, net::MediaType(request.Param("name"))));
}

}  // namespace

void AddFileRoutes(net::Router& router, const Services& services, const Links& links,
                   ThreadPool& workers) {
  const auto refuse_unsigned =
      [&links](const net::Request& request) -> std::optional<net::Response> {
    const Result<Grant> grant = links.Verify(request.Param("token"));
    if (!grant) return net::ErrorResponse(grant.error());
    if (grant->kind != Grant::Kind::kUploadRunFile && grant->kind != Grant::Kind::kUploadArtifact) {
      return net::ErrorResponse(403, "this is not an upload link");
    }
    return std::nullopt;
  };
  router.Add("PUT", "/upload/{token}",
             [&services, &links, &workers](net::Request request, const net::Responder& responder) {
               workers.Post([&services, &links, request = std::move(request), responder] {
                 const Result<Grant> grant = links.Verify(request.Param("token"));
                 const Result<void> stored =
                     grant ? StoreUpload(services, *grant, request) : Result<void>(grant.error());
                 if (!stored) return responder.Send(stored.error());
                 net::Response response;
                 response.headers.Set(
                     "ETag", fmt::format("\"{}\"", request.spooled_body == nullptr
                                                       ? std::string()
                                                       : codec::EncodeHex(codec::AsBytes(
                                                             request.spooled_body->md5()))));
                 responder.Send(std::move(response));
               });
             },
             {.body_mode = net::BodyMode::kSpool,
              .spool_folder = services.store.blobs().SpoolFolder(),
              .answer_timeout = std::chrono::minutes(10),
              .allows_cross_origin = true,
              .gate = refuse_unsigned});
  const auto download = [&services, &links](const net::Request& request,
                                            const net::Responder& responder) {
    ServeDownload(services, links, request, responder);
  };
  router.Add("GET", "/download/{token}", download, {.allows_cross_origin = true});
  router.Add("GET", "/download/{token}/{name...}", download, {.allows_cross_origin = true});
  for (const char* pattern :
       {"/artifacts/{entity}/{md5}",
        "/artifactsV2/{region}/{entity}/{project}/{collection}/{birth}/{md5}/{name...}"}) {
    router.Add(
        "GET", pattern,
        [&services, &links, &workers](net::Request request, const net::Responder& responder) {
          workers.Post([&services, &links, request = std::move(request), responder] {
            ServeArtifactFile(services, links, request, responder);
          });
        });
  }
  router.Add("GET", "/files/{entity}/{project}/{run}/{path...}",
             [&services, &links, &workers](net::Request request, const net::Responder& responder) {
               workers.Post([&services, &links, request = std::move(request), responder] {
                 ServeRunFile(services, links, request, responder);
               });
             });
}

}  // namespace regatta::wandb
