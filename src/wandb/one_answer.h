// Fields and mutations that are one read or one write of the store.
#pragma once

#include <string>
#include <utility>

#include "regatta/base/result.h"
#include "regatta/graphql/resolved.h"
#include "regatta/tracking/store.h"
#include "request_context.h"

namespace regatta::wandb {

// One read, `work(tables) -> Result<Resolved>`, answered with what it found. Errors: those of the
// read and of `work`.
template <typename Work>
Result<graphql::Resolved> ReadOne(const graphql::FieldContext& field, Work work) {
  graphql::Resolved answer = nullptr;
  const Result<void> read =
      Context(field).Read([&](const tracking::Tables& tables) -> Result<void> {
        Result<graphql::Resolved> found = work(tables);
        if (!found) return found.error();
        answer = *std::move(found);
        return Ok();
      });
  if (!read) return read.error();
  return answer;
}

// One atomic write, `work(tables) -> Result<Resolved>`, of somebody who is known; answered with
// what it made. Errors: kUnauthenticated, those of the write and of `work`, which then changes
// nothing.
template <typename Work>
Result<graphql::Resolved> WriteOne(const graphql::FieldContext& field, Work work) {
  RequestContext& context = Context(field);
  if (const Result<tracking::User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  graphql::Resolved answer = nullptr;
  const Result<void> written = context.Write([&](tracking::Tables& tables) -> Result<void> {
    Result<graphql::Resolved> made = work(tables);
    if (!made) return made.error();
    answer = *std::move(made);
    return Ok();
  });
  if (!written) return written.error();
  return answer;
}

// A text that the schema allows to be absent.
inline graphql::Resolved NullIfEmpty(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

}  // namespace regatta::wandb
