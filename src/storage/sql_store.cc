#include "regatta/storage/sql_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "blob_folder.h"
#include "blob_sweep.h"
#include "graveyard.h"
#include "regatta/base/contain.h"
#include "regatta/base/log.h"
#include "schema.h"
#include "tables.h"
#include "write_queue.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

// Settings of the one writing connection. Readers never checkpoint: SQLite before 3.51.3 can
// corrupt a database whose write-ahead log two connections reset (docs/adr/0003-sqlite.md).
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;";
constexpr const char* kReaderSettings =
    "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;";
constexpr std::size_t kMaxIdleReaders = 16;
struct Reader {
  std::unique_ptr<Connection> snapshot;
  std::unique_ptr<Connection> log;
};

// A backup of that name is of an earlier attempt, and older than the data: it is kept under another
// name, and only the newest such, so that attempts that fail again and again fill no disk.
Result<void> MakeWay(const std::string& backup) {
  std::error_code error;
  if (!fs::exists(backup, error) && !error) return Ok();
  const std::string earlier = backup + ".earlier";
  if (!error) fs::remove_all(earlier, error);
  if (!error) fs::rename(backup, earlier, error);
  if (!error) return Ok();
  return Unavailable(fmt::format("cannot rename {}, a backup of an earlier attempt, to {}: {}",
                                 backup, earlier, error.message()));
}

class SqliteStore final : public SqlStore, public BatchWriter {
 public:
  explicit SqliteStore(StoreOptions options)
      : options_(std::move(options)), paths_(options_.folder) {}
  ~SqliteStore() override {
    if (queue_ != nullptr) queue_->Close();
    // The last one out writes the log back and removes it, so that a clean stop leaves one file.
    // That has to be the writer: a connection that only reads leaves the log where it is.
    idle_readers_.clear();
    anchor_.reset();
    if (writer_ != nullptr) (void)writer_->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    tables_.reset();
    writer_.reset();
  }

  Result<void> Start();

  Result<void> Read(FunctionRef<Result<void>(const tracking::Tables&)> work) override;
  Result<void> Write(FunctionRef<Result<void>(tracking::Tables&)> work) override;
  void AppendStreams(tracking::StreamAppend append,
                     std::function<void(Result<void>)> done) override;
  void TouchRun(tracking::RunId run, Timestamp at) override { index_.Touch(run, ToMicros(at)); }
  tracking::BlobStore& blobs() override { return *blobs_; }
  const StoreSummary& summary() const override { return summary_; }
  Result<void> Maintain() override;

 private:
  // BatchWriter, on the queue's thread.
  Result<void> Begin() override;
  Result<void> Commit() override;
  void Rollback() override;
  Result<void> BeginStep() override;
  Result<void> EndStep(bool keep) override;
  void DistrustMemory() override {
    if (options_.on_rollback) options_.on_rollback();
  }
  void AfterBatch() override;

  Result<void> OpenWriter();
  Result<void> OpenAnchor();
  Result<void> LoadIndex();
  Result<void> FoldRuns(const std::vector<tracking::RunId>& runs);
  Result<void> EraseBuried();
  Result<void> SweepBlobs();
  Result<Reader> TakeReader();
  void GiveBack(Reader reader);
  void ForgetPending();

  const StoreOptions options_;
  const DataPaths paths_;
  StoreSummary summary_;
  std::unique_ptr<BlobFolder> blobs_;
  std::unique_ptr<BlobSweep> sweep_;
  StreamIndex index_;

  // Never used, always attached to the write-ahead log. Were the writer ever the only connection,
  // reopening it would read the log back from the page cache, where the frames of a commit whose
  // sync failed still look whole, and put later commits behind frames that no disk holds.
  std::unique_ptr<Connection> anchor_;

  // The queue's thread only, after Start.
  std::unique_ptr<Connection> writer_;
  Context context_;
  std::unique_ptr<SqlTables> tables_;
  std::int64_t next_log_id_ = 1;
  bool must_reopen_ = false;
  int wal_frames_ = 0;  // in the write-ahead log, as of the last commit
  struct StepMark {
    std::size_t pending = 0;
    std::size_t changes = 0;
    std::size_t released = 0;
  } step_;

  std::mutex readers_mutex_;
  std::vector<Reader> idle_readers_;  // guarded by readers_mutex_

  // Last: it stops before the state above goes.
  std::unique_ptr<WriteQueue> queue_;
};

Result<void> SqliteStore::OpenWriter() {
  tables_.reset();
  writer_.reset();
  Result<std::unique_ptr<Connection>> opened =
      Connection::Open(paths_.Database(), Connection::Mode::kReadWrite, options_.vfs);
  if (!opened) return opened.error();
  writer_ = *std::move(opened);
  if (Result<void> done = writer_->Execute("PRAGMA page_size = 16384"); !done) return done;
  if (Result<void> done = writer_->Execute(kWriterSettings); !done) return done;
  sqlite3_wal_hook(
      writer_->raw(),
      [](void* frames, sqlite3*, const char*, int count) {
        *static_cast<int*>(frames) = count;
        return SQLITE_OK;
      },
      &wal_frames_);
  context_ = Context();
  context_.connection = writer_.get();
  context_.log = writer_.get();
  context_.index = &index_;
  context_.next_log_id = &next_log_id_;
  tables_ = std::make_unique<SqlTables>(context_);
  return Ok();
}

Result<void> SqliteStore::Start() {
  std::error_code error;
  fs::create_directories(paths_.root, error);
  summary_.is_new = !fs::exists(paths_.Database(), error);
  if (Result<void> opened = OpenWriter(); !opened) return opened;
  const Result<std::int64_t> version = StoredVersion(*writer_);
  if (!version) return version.error();
  // A first start that broke off leaves an empty database, and goes on; but the key of the first
  // user is written when there are tables already.
  if (*version == 0 && !summary_.is_new && fs::exists(paths_.ApiKey(), error)) {
    return UnknownData(*writer_, *version);
  }
  if (*version > 0 && *version < SchemaVersion()) {
    summary_.migrated_from = *version;
    summary_.backup = fmt::format("{}/before-version-{}", paths_.Backups(), SchemaVersion());
    fs::create_directories(paths_.Backups(), error);
    if (Result<void> done = MakeWay(summary_.backup); !done) return done;
    if (Result<void> done = Backup(paths_.root, summary_.backup); !done) {
      return WithContext("backup before the migration", done.error());
    }
  }
  if (Result<void> migrated = Migrate(*writer_); !migrated) return migrated;
  // The last process may have died after a failed sync: what it left in the write-ahead log is
  // written once more, and synced, before anything comes after it.
  if (Result<void> done = writer_->Execute("PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done;
  if (Result<void> opened = OpenAnchor(); !opened) return opened;
  fs::permissions(paths_.Database(), fs::perms::owner_read | fs::perms::owner_write, error);
  Result<std::unique_ptr<BlobFolder>> blobs =
      BlobFolder::Open(paths_.Blobs(), paths_.Spool(), *options_.clock);
  if (!blobs) return blobs.error();
  blobs_ = *std::move(blobs);
  sweep_ = std::make_unique<BlobSweep>(*blobs_, *options_.clock);
  if (Result<void> loaded = LoadIndex(); !loaded) return loaded;
  queue_ = std::make_unique<WriteQueue>(*this);
  return Ok();
}

Result<void> SqliteStore::OpenAnchor() {
  Result<std::unique_ptr<Connection>> opened =
      Connection::Open(paths_.Database(), Connection::Mode::kReadOnly, options_.vfs);
  if (!opened) return opened.error();
  anchor_ = *std::move(opened);
  // The first read is what attaches it.
  return anchor_->Execute("PRAGMA cache_size = 1; SELECT 1 FROM entities LIMIT 1");
}

Result<void> SqliteStore::LoadIndex() {
  std::vector<LogEntry> entries;
  {
    Statement rows = writer_->Prepare(
        "SELECT i.id, i.run_id, i.kind, i.first_line, i.line_count, i.step_min, i.step_max, "
        "i.at_us, "
        "w.writer, w.first_line FROM log_index i LEFT JOIN log_writers w ON w.id = i.id "
        "ORDER BY i.id");
    while (true) {
      const Result<bool> row = rows.Step();
      if (!row) return row.error();
      if (!*row) break;
      entries.push_back({.log_id = rows.Int(0),
                         .run = tracking::RunId{rows.Int(1)},
                         .kind = static_cast<LogKind>(rows.Int(2)),
                         .first_line = rows.Int(3),
                         .count = rows.Int(4),
                         .step_min = rows.Int(5),
                         .step_max = rows.Int(6),
                         .at_us = rows.Int(7),
                         .writer = rows.Int(8),
                         .writer_line = rows.Int(9)});
      summary_.log_pieces += 1;
    }
  }
  if (!entries.empty()) next_log_id_ = entries.back().log_id + 1;
  index_.Apply(entries);

  // Summaries that no row had taken over when the last process ended.
  Statement summaries = writer_->Prepare(
      "SELECT i.id, i.run_id, i.at_us, l.payload FROM log_index i JOIN runs r ON r.id = i.run_id "
      "JOIN log l ON l.id = i.id WHERE i.kind = 3 AND i.id > r.summary_log_id ORDER BY i.id");
  std::vector<LogEntry> newest;
  while (true) {
    const Result<bool> row = summaries.Step();
    if (!row) return row.error();
    if (!*row) break;
    newest.push_back({.log_id = summaries.Int(0),
                      .run = tracking::RunId{summaries.Int(1)},
                      .kind = LogKind::kSummary,
                      .at_us = summaries.Int(2),
                      .summary = std::make_shared<const std::string>(summaries.View(3))});
  }
  index_.Apply(newest);

  Statement counts = writer_->Prepare(
      "SELECT (SELECT count(*) FROM projects WHERE entity_id <> 0), "
      "count(*) - (SELECT count(*) FROM runs WHERE project_id IN "
      "(SELECT id FROM projects WHERE entity_id = 0)), coalesce(max(summary_log_id), 0), "
      "(SELECT coalesce(max(id), 0) FROM log) FROM runs");
  if (const Result<bool> row = counts.Step(); !row) return row.error();
  summary_.projects = counts.Int(0);
  summary_.runs = counts.Int(1);
  // Pieces of the log that were deleted may have been its last ones. A number that some run's row
  // has already taken over must not come again: the summary under it would count as an old one.
  // Nor may one under which a payload still stands that no index names.
  next_log_id_ = std::max({next_log_id_, counts.Int(2) + 1, counts.Int(3) + 1});
  return Ok();
}

Result<Reader> SqliteStore::TakeReader() {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      Reader reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  Reader reader;
  for (std::unique_ptr<Connection>* slot : {&reader.snapshot, &reader.log}) {
    Result<std::unique_ptr<Connection>> opened =
        Connection::Open(paths_.Database(), Connection::Mode::kReadOnly, options_.vfs);
    if (!opened) return opened.error();
    *slot = *std::move(opened);
    if (Result<void> set = (*slot)->Execute(kReaderSettings); !set) return set.error();
  }
  return reader;
}

void SqliteStore::GiveBack(Reader reader) {
  const std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < kMaxIdleReaders) idle_readers_.push_back(std::move(reader));
}

Result<void> SqliteStore::Read(FunctionRef<Result<void>(const tracking::Tables&)> work) {
  Result<Reader> taken = TakeReader();
  if (!taken) return taken.error();
  Reader reader = *std::move(taken);
  if (Result<void> begun = reader.snapshot->Execute("BEGIN"); !begun) return begun;
  Context context;
  context.connection = reader.snapshot.get();
  context.log = reader.log.get();
  context.index = &index_;
  Result<void> outcome = Ok();
  {
    const SqlTables tables(context);
    outcome = work(tables);
  }
  if (Result<void> ended = reader.snapshot->Execute("COMMIT"); ended) GiveBack(std::move(reader));
  return outcome;
}

Result<void> SqliteStore::Write(FunctionRef<Result<void>(tracking::Tables&)> work) {
  return queue_->Run([this, &work] { return work(*tables_); });
}

void SqliteStore::AppendStreams(tracking::StreamAppend append,
                                std::function<void(Result<void>)> done) {
  std::size_t bytes = append.summary_json ? append.summary_json->size() : 0;
  for (const tracking::StreamLines& piece : append.pieces) {
    for (const std::string& line : piece.lines) bytes += line.size() + sizeof(std::string);
  }
  const auto shared = std::make_shared<const tracking::StreamAppend>(std::move(append));
  queue_->Submit([this, shared] { return tables_->streams().Append(*shared); }, false, bytes,
                 std::move(done));
}

Result<void> SqliteStore::Begin() {
  if (must_reopen_) {
    if (Result<void> opened = OpenWriter(); !opened) return opened;
    must_reopen_ = false;
  }
  return writer_->Execute("BEGIN IMMEDIATE");
}

Result<void> SqliteStore::Commit() {
  if (Result<void> committed = writer_->Execute("COMMIT"); !committed) {
    Log(LogLevel::kError, "storage", "{}", committed.error().message);
    return committed;
  }
  index_.Apply(context_.pending);
  sweep_->Release(context_.released_blobs);
  std::vector<tracking::Change> changes = std::move(context_.changes);
  ForgetPending();
  if (options_.on_change && !changes.empty()) {
    // The rows are stored, whatever becomes of the listeners.
    (void)Contained("storage", "telling of changes", [&] {
      options_.on_change(changes);
      return Ok();
    });
  }
  return Ok();
}

void SqliteStore::AfterBatch() {
  if (wal_frames_ <= options_.checkpoint_frames || must_reopen_) return;
  // Passive: what a reader still needs stays for the next time. A failure costs nothing but room.
  (void)writer_->Execute("PRAGMA wal_checkpoint(PASSIVE)");
  wal_frames_ = 0;
}

void SqliteStore::Rollback() {
  // SQLite may have ended the transaction by itself; then this fails, and that is fine.
  (void)writer_->Execute("ROLLBACK");
  ForgetPending();
  // After an I/O error the cache of the connection may not be what is on disk.
  must_reopen_ = true;
  if (options_.on_rollback) options_.on_rollback();
}

void SqliteStore::ForgetPending() {
  context_.pending.clear();
  context_.changes.clear();
  context_.released_blobs.clear();
}

Result<void> SqliteStore::BeginStep() {
  step_ = {context_.pending.size(), context_.changes.size(), context_.released_blobs.size()};
  return writer_->Execute("SAVEPOINT step");
}

Result<void> SqliteStore::EndStep(bool keep) {
  if (options_.on_step) options_.on_step(keep);
  if (keep) return writer_->Execute("RELEASE step");
  context_.pending.resize(step_.pending);
  context_.changes.resize(step_.changes);
  context_.released_blobs.resize(step_.released);
  return writer_->Execute("ROLLBACK TO step; RELEASE step");
}

Result<void> SqliteStore::FoldRuns(const std::vector<tracking::RunId>& runs) {
  return queue_->Run([&]() -> Result<void> {
    SqlRunTables table(context_);
    for (const tracking::RunId id : runs) {
      const Result<std::optional<tracking::Run>> run = table.Find(id);
      if (!run) return run.error();
      if (!*run) continue;
      if (Result<void> done = table.Fold(**run); !done) return done;
      index_.MarkHeartbeatFolded(id, ToMicros((*run)->heartbeat_at));
    }
    return Ok();
  });
}

Result<void> SqliteStore::SweepBlobs() {
  Result<Reader> reader = TakeReader();
  if (!reader) return reader.error();
  Result<void> swept = sweep_->Run(*reader->snapshot);
  if (swept) GiveBack(*std::move(reader));
  return swept;
}

Result<void> SqliteStore::EraseBuried() {
  // The rest comes with the next call: whoever waits for the maintenance to end waits for this.
  constexpr int kWritesPerCall = 25;
  for (int i = 0; i < kWritesPerCall; ++i) {
    Result<Reader> reader = TakeReader();
    if (!reader) return reader.error();
    const Result<bool> is_empty = Graveyard::IsEmpty(*reader->snapshot);
    if (!is_empty) return is_empty.error();
    GiveBack(*std::move(reader));
    if (*is_empty) return Ok();
    Result<void> erased = queue_->Run([&] { return Graveyard(context_).EraseSome(); });
    if (!erased) return erased;
  }
  return Ok();
}

Result<void> SqliteStore::Maintain() {
  constexpr std::size_t kFoldsPerWrite = 256;
  const std::vector<tracking::RunId> unfolded = index_.Unfolded();
  for (std::size_t at = 0; at < unfolded.size(); at += kFoldsPerWrite) {
    const std::size_t end = std::min(at + kFoldsPerWrite, unfolded.size());
    const std::vector<tracking::RunId> some(unfolded.begin() + static_cast<std::ptrdiff_t>(at),
                                            unfolded.begin() + static_cast<std::ptrdiff_t>(end));
    if (Result<void> folded = FoldRuns(some); !folded) return folded;
  }
  Result<void> erased = EraseBuried();
  Result<void> swept = SweepBlobs();  // whatever became of the other
  return erased ? std::move(swept) : std::move(erased);
}

}  // namespace

Result<std::unique_ptr<SqlStore>> SqlStore::Open(StoreOptions options) {
  Check(options.clock != nullptr, "a store needs a clock");
  auto store = std::make_unique<SqliteStore>(std::move(options));
  if (Result<void> started = store->Start(); !started) return started.error();
  return std::unique_ptr<SqlStore>(std::move(store));
}

}  // namespace regatta::storage
