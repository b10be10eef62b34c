// Tasks from tables of measured configurations, as bench/search/tables.py writes them.
#pragma once

#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "tasks.h"

namespace regatta::bench {

// The data sets of the suite s3, in the order of their numbers.
const std::vector<std::string>& TableNames();

// The task of the table in the file at `path`. Its parameters are the table's ordered lists, as
// numbers; it observes the value of one of the seeds, drawn at random; its truth is the mean over
// the seeds; optimum and reference come from the whole table. Reads the file once and holds it.
// Errors: kNotFound with the command that makes the tables; kInvalidArgument if the file is no
// whole table.
Result<Task> ReadTableTask(const std::string& path);

}  // namespace regatta::bench
