#include <fmt/format.h>

#include "regatta/codec/gzip.h"
#include "regatta/server/routes.h"

namespace regatta::server {
namespace {

net::Response Serve(const PageFile& file, const net::Request& request) {
  net::Response response;
  response.headers.Set("ETag", std::string(file.etag));
  response.headers.Set("Cache-Control",
                       file.is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.headers.Get("If-None-Match") == file.etag) {
    response.status = 304;
    return response;
  }
  response.headers.Set("Content-Type", std::string(file.mime));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("Content-Security-Policy",
                       "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'self'");
  response.headers.Set("Vary", "Accept-Encoding");
  if (request.headers.HasToken("Accept-Encoding", "gzip")) {
    response.headers.Set("Content-Encoding", "gzip");
    response.body = std::string(file.gzip_bytes);
  } else {
    Result<std::string> plain = codec::Gunzip(file.gzip_bytes);
    if (!plain) return net::ErrorResponse(plain.error());
    response.body = *std::move(plain);
  }
  return response;
}

}  // namespace

void AddPageRoutes(net::Router& router, std::span<const PageFile> files) {
  const PageFile* index = nullptr;
  for (const PageFile& file : files) {
    if (file.path == "/index.html") index = &file;
  }
  router.Add("GET", "/{path...}",
             [files, index](const net::Request& request, const net::Responder& responder) {
               for (const PageFile& file : files) {
                 if (file.path == request.path) {
                   return responder.Send(Serve(file, request));
                 }
               }
               const bool wants_page =
                   request.path == "/" ||
                   request.headers.Get("Accept").find("text/html") != std::string_view::npos;
               if (index != nullptr && wants_page) {
                 return responder.Send(Serve(*index, request));
               }
               responder.Send(net::ErrorResponse(
                   404, fmt::format("nothing is at {}", request.path.substr(0, 200))));
             });
}

}  // namespace regatta::server
