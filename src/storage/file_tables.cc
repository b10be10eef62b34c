#include "file_tables.h"

#include "rows.h"

namespace regatta::storage {

using tracking::FileId;
using tracking::RunFile;
using tracking::RunId;
using tracking::ToInt;

namespace {

#define REGATTA_SELECT_FILE \
  "SELECT id, run_id, name, sha256, md5, size, mimetype, updated_us FROM run_files "

RunFile ReadFile(const Statement& row) {
  return {.id = FileId{row.Int(0)},
          .run = RunId{row.Int(1)},
          .name = row.Text(2),
          .blob = {.sha256_hex = row.Text(3), .md5_base64 = row.Text(4), .size = row.Int(5)},
          .mimetype = row.Text(6),
          .updated_at = FromMicros(row.Int(7))};
}

}  // namespace

Result<std::optional<RunFile>> SqlRunFileTables::Find(FileId id) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_FILE "WHERE id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadFile);
}

Result<std::optional<RunFile>> SqlRunFileTables::FindByName(RunId run,
                                                            std::string_view name) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_FILE "WHERE run_id = ? AND name = ?");
  statement.Bind(ToInt(run), name);
  return One(std::move(statement), ReadFile);
}

Result<std::vector<RunFile>> SqlRunFileTables::List(RunId run) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_FILE "WHERE run_id = ? ORDER BY name");
  statement.Bind(ToInt(run));
  return All(std::move(statement), ReadFile);
}

Result<std::int64_t> SqlRunFileTables::Count(RunId run) const {
  Statement statement =
      context_.connection->Prepare("SELECT count(*) FROM run_files WHERE run_id = ?");
  statement.Bind(ToInt(run));
  const Result<bool> row = statement.Step();
  if (!row) return row.error();
  return statement.Int(0);
}

Result<void> SqlRunFileTables::Put(RunFile& file) {
  const Result<std::optional<RunFile>> old = FindByName(file.run, file.name);
  if (!old) return old.error();
  if (*old && (*old)->blob.sha256_hex != file.blob.sha256_hex) {
    context_.released_blobs.push_back((*old)->blob.sha256_hex);
  }
  Statement statement = context_.connection->Prepare(
      "INSERT INTO run_files (run_id, name, sha256, md5, size, mimetype, updated_us) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, name) DO UPDATE SET "
      "sha256 = excluded.sha256, md5 = excluded.md5, size = excluded.size, "
      "mimetype = excluded.mimetype, updated_us = excluded.updated_us");
  statement.Bind(ToInt(file.run), file.name, file.blob.sha256_hex, file.blob.md5_base64,
                 file.blob.size, file.mimetype, ToMicros(file.updated_at));
  if (Result<void> done = statement.Run(); !done) return done;
  file.id = *old ? (*old)->id : FileId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlRunFileTables::Delete(FileId id) {
  const Result<std::optional<RunFile>> file = Find(id);
  if (!file) return file.error();
  if (!*file) return Ok();
  context_.released_blobs.push_back((*file)->blob.sha256_hex);
  Statement statement = context_.connection->Prepare("DELETE FROM run_files WHERE id = ?");
  statement.Bind(ToInt(id));
  return statement.Run();
}

}  // namespace regatta::storage
