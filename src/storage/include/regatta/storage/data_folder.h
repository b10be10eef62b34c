// The data folder: who owns it, and what lies where in it.
#pragma once

#include <memory>
#include <string>

#include "regatta/base/result.h"

namespace regatta::storage {

// Paths inside a data folder; docs/formats/data-folder.md describes each.
struct DataPaths {
  explicit DataPaths(std::string folder) : root(std::move(folder)) {}
  std::string root;

  std::string Database() const { return root + "/regatta.db"; }
  std::string Blobs() const { return root + "/blobs"; }
  std::string Spool() const { return root + "/spool"; }
  std::string Lock() const { return root + "/lock"; }
  std::string ApiKey() const { return root + "/api-key"; }
  std::string Secret() const { return root + "/secret"; }
  std::string Backups() const { return root + "/backups"; }
};

// Holds the folder for this process until destroyed. The kernel lets go of it when the process
// dies.
class FolderLock {
 public:
  // Creates the folder (mode 0700) if missing.
  // Errors: kFailedPrecondition naming the pid of the process that has it.
  static Result<std::unique_ptr<FolderLock>> Take(const DataPaths& paths);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace regatta::storage
