// The disk for tests itself, and that it fails and remembers as it says.
#include "fault_vfs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <optional>

namespace regatta::storage {
namespace {

sqlite3_vfs& DefaultVfs() { return *sqlite3_vfs_find(nullptr); }

FaultVfs& OwnerOf(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }

std::string LastPart(const char* path) {
  const std::string_view whole(path);
  return std::string(whole.substr(whole.rfind('/') + 1));
}

// What SQLite holds for an open file; the default VFS's own file lies behind it.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* owner;
  std::string* name;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile& Of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Of(file).real(); }

int Close(sqlite3_file* file) {
  FaultFile& self = Of(file);
  const int code = self.real()->pMethods->xClose(self.real());
  delete self.name;
  self.name = nullptr;
  return code;
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  FaultFile& self = Of(file);
  const auto* text = static_cast<const char*>(bytes);
  const int verdict = self.owner->Judge(DiskFault::Call::kWrite);
  // A write that fails may have got half of its way.
  if (verdict != SQLITE_OK) size /= 2;
  const int code = self.real()->pMethods->xWrite(self.real(), bytes, size, offset);
  if (code == SQLITE_OK) {
    self.owner->Record({.kind = DiskOperation::Kind::kWrite,
                        .file = *self.name,
                        .offset = offset,
                        .bytes = std::string(text, static_cast<std::size_t>(size))});
  }
  return verdict != SQLITE_OK ? verdict : code;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  FaultFile& self = Of(file);
  const int code = self.real()->pMethods->xTruncate(self.real(), size);
  if (code == SQLITE_OK) {
    self.owner->Record(
        {.kind = DiskOperation::Kind::kTruncate, .file = *self.name, .offset = size, .bytes = {}});
  }
  return code;
}

int Sync(sqlite3_file* file, int flags) {
  FaultFile& self = Of(file);
  if (const int verdict = self.owner->Judge(DiskFault::Call::kSync); verdict != SQLITE_OK) {
    self.owner->Record(
        {.kind = DiskOperation::Kind::kFailedSync, .file = *self.name, .offset = 0, .bytes = {}});
    return verdict;
  }
  const int code = self.real()->pMethods->xSync(self.real(), flags);
  if (code == SQLITE_OK) {
    self.owner->Record(
        {.kind = DiskOperation::Kind::kSync, .file = *self.name, .offset = 0, .bytes = {}});
  }
  return code;
}

// Everything else goes straight on. Version 2: shared memory, but no memory-mapped file, so that
// every change of a file comes by here.
const sqlite3_io_methods& Methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = Close;
    m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
      return Real(f)->pMethods->xRead(Real(f), to, size, offset);
    };
    m.xWrite = Write;
    m.xTruncate = Truncate;
    m.xSync = Sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return Real(f)->pMethods->xFileSize(Real(f), size);
    };
    m.xLock = [](sqlite3_file* f, int level) { return Real(f)->pMethods->xLock(Real(f), level); };
    m.xUnlock = [](sqlite3_file* f, int level) {
      return Real(f)->pMethods->xUnlock(Real(f), level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return Real(f)->pMethods->xCheckReservedLock(Real(f), held);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* with) {
      return Real(f)->pMethods->xFileControl(Real(f), what, with);
    };
    m.xSectorSize = [](sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return Real(f)->pMethods->xDeviceCharacteristics(Real(f));
    };
    m.xShmMap = [](sqlite3_file* f, int region, int size, int extend, void volatile** at) {
      return Real(f)->pMethods->xShmMap(Real(f), region, size, extend, at);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      return Real(f)->pMethods->xShmLock(Real(f), offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); };
    m.xShmUnmap = [](sqlite3_file* f, int remove) {
      return Real(f)->pMethods->xShmUnmap(Real(f), remove);
    };
    return m;
  }();
  return methods;
}

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  FaultFile& self = Of(file);
  self.base.pMethods = nullptr;
  const int code = DefaultVfs().xOpen(&DefaultVfs(), path, self.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  self.owner = &OwnerOf(vfs);
  self.name = new std::string(path != nullptr ? LastPart(path) : "");
  self.base.pMethods = &Methods();
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const int code = DefaultVfs().xDelete(&DefaultVfs(), path, sync_folder);
  if (code == SQLITE_OK) {
    OwnerOf(vfs).Record(
        {.kind = DiskOperation::Kind::kDelete, .file = LastPart(path), .offset = 0, .bytes = {}});
  }
  return code;
}

std::string NewName() {
  static std::atomic<int> next = 0;
  return fmt::format("fault-{}", next++);
}

}  // namespace

FaultVfs::FaultVfs() : name_(NewName()) {
  vfs_ = DefaultVfs();
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + DefaultVfs().szOsFile;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

void FaultVfs::Fail(const DiskFault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
}

void FaultVfs::Heal() { Fail({.failures = 0}); }

std::int64_t FaultVfs::failure_count() const {
  const std::lock_guard lock(mutex_);
  return failure_count_;
}

std::size_t FaultVfs::operation_count() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

std::vector<DiskOperation> FaultVfs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

int FaultVfs::Judge(DiskFault::Call call) {
  const std::lock_guard lock(mutex_);
  if (call != fault_.call || fault_.failures == 0) return SQLITE_OK;
  if (fault_.successes > 0) {
    fault_.successes -= 1;
    return SQLITE_OK;
  }
  if (fault_.failures != DiskFault::kForever) fault_.failures -= 1;
  failure_count_ += 1;
  return fault_.sqlite_error;
}

void FaultVfs::Record(DiskOperation operation) {
  const std::lock_guard lock(mutex_);
  operations_.push_back(std::move(operation));
}

std::map<std::string, std::string> DiskAfterPowerCut(std::span<const DiskOperation> done,
                                                     Unsynced unsynced, Rng& rng) {
  std::vector<bool> is_durable(done.size(), false);
  std::map<std::string, std::vector<std::size_t>> pending;
  for (std::size_t i = 0; i < done.size(); ++i) {
    std::vector<std::size_t>& waiting = pending[done[i].file];
    waiting.push_back(i);
    if (done[i].kind == DiskOperation::Kind::kSync) {
      for (const std::size_t write : waiting) is_durable[write] = true;
    }
    if (done[i].kind == DiskOperation::Kind::kSync ||
        done[i].kind == DiskOperation::Kind::kFailedSync) {
      waiting.clear();
    }
  }
  std::map<std::string, std::string> files;
  for (std::size_t i = 0; i < done.size(); ++i) {
    const DiskOperation& operation = done[i];
    std::size_t size = operation.bytes.size();
    if (!is_durable[i] && operation.kind != DiskOperation::Kind::kDelete) {
      if (unsynced == Unsynced::kLost) continue;
      if (unsynced == Unsynced::kShuffled && rng.Below(2) == 0) continue;
      if (unsynced == Unsynced::kTorn && i + 1 == done.size()) size = rng.Below(size + 1);
    }
    switch (operation.kind) {
      case DiskOperation::Kind::kWrite: {
        std::string& content = files[operation.file];
        const auto offset = static_cast<std::size_t>(operation.offset);
        if (content.size() < offset + size) content.resize(offset + size);
        content.replace(offset, size, operation.bytes, 0, size);
        break;
      }
      case DiskOperation::Kind::kTruncate:
        files[operation.file].resize(static_cast<std::size_t>(operation.offset));
        break;
      case DiskOperation::Kind::kSync:
        files[operation.file];
        break;
      case DiskOperation::Kind::kFailedSync:
        break;
      case DiskOperation::Kind::kDelete:
        // Those that matter are followed by a sync of the folder; the others may as well be kept.
        files.erase(operation.file);
        break;
    }
  }
  return files;
}

namespace {

using Kind = DiskOperation::Kind;

TEST(DiskAfterPowerCut, KeepsWhatWasSyncedAndLosesTheRest) {
  const std::vector<DiskOperation> done = {
      {.kind = Kind::kWrite, .file = "a", .offset = 0, .bytes = "one"},
      {.kind = Kind::kSync, .file = "a", .offset = 0, .bytes = {}},
      {.kind = Kind::kWrite, .file = "a", .offset = 3, .bytes = "two"},
      {.kind = Kind::kWrite, .file = "b", .offset = 0, .bytes = "new"}};
  Rng rng(1);
  EXPECT_EQ(DiskAfterPowerCut(done, Unsynced::kLost, rng),
            (std::map<std::string, std::string>{{"a", "one"}}));
  EXPECT_EQ(DiskAfterPowerCut(done, Unsynced::kKept, rng),
            (std::map<std::string, std::string>{{"a", "onetwo"}, {"b", "new"}}));
}

TEST(DiskAfterPowerCut, TearsOnlyTheLastWrite) {
  const std::vector<DiskOperation> done = {
      {.kind = Kind::kWrite, .file = "a", .offset = 0, .bytes = "12345678"},
      {.kind = Kind::kWrite, .file = "a", .offset = 0, .bytes = "abcdefgh"}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const std::string torn = DiskAfterPowerCut(done, Unsynced::kTorn, rng)["a"];
    const std::size_t kept = torn.find_first_of("12345678");
    EXPECT_EQ(torn.substr(0, kept), std::string("abcdefgh").substr(0, kept));
    EXPECT_EQ(torn.size(), 8u);
  }
}

TEST(DiskAfterPowerCut, LosesWhatAFailedSyncWasToKeepEvenIfALaterOneSucceeds) {
  const std::vector<DiskOperation> done = {
      {.kind = Kind::kWrite, .file = "a", .offset = 0, .bytes = "lost"},
      {.kind = Kind::kFailedSync, .file = "a", .offset = 0, .bytes = {}},
      {.kind = Kind::kWrite, .file = "a", .offset = 4, .bytes = "kept"},
      {.kind = Kind::kSync, .file = "a", .offset = 0, .bytes = {}}};
  Rng rng(1);
  EXPECT_EQ(DiskAfterPowerCut(done, Unsynced::kLost, rng)["a"], std::string(4, '\0') + "kept");
}

TEST(FaultVfs, FailsTheCallsThatItWasToldTo) {
  FaultVfs vfs;
  vfs.Fail({.call = DiskFault::Call::kSync,
            .sqlite_error = SQLITE_IOERR_FSYNC,
            .successes = 1,
            .failures = 2});
  EXPECT_EQ(vfs.Judge(DiskFault::Call::kWrite), SQLITE_OK);
  EXPECT_EQ(vfs.Judge(DiskFault::Call::kSync), SQLITE_OK);
  EXPECT_EQ(vfs.Judge(DiskFault::Call::kSync), SQLITE_IOERR_FSYNC);
  EXPECT_EQ(vfs.Judge(DiskFault::Call::kSync), SQLITE_IOERR_FSYNC);
  EXPECT_EQ(vfs.Judge(DiskFault::Call::kSync), SQLITE_OK);
  EXPECT_EQ(vfs.failure_count(), 2);
}

}  // namespace
}  // namespace regatta::storage
