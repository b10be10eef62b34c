// RunFileTables on SQL.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlRunFileTables : public tracking::RunFileTables {
 public:
  explicit SqlRunFileTables(Context& context) : context_(context) {}

  Result<std::optional<tracking::RunFile>> Find(tracking::FileId id) const override;
  Result<std::optional<tracking::RunFile>> FindByName(tracking::RunId run,
                                                      std::string_view name) const override;
  Result<std::vector<tracking::RunFile>> List(tracking::RunId run) const override;
  Result<std::int64_t> Count(tracking::RunId run) const override;
  Result<void> Put(tracking::RunFile& file) override;
  Result<void> Delete(tracking::FileId id) override;

 private:
  Context& context_;
};

}  // namespace regatta::storage
