// The border at which an exception becomes an error.
//
// Errors are values in Regatta, so what is thrown is a library's answer to something nobody thought
// of, or memory that ran out. The threads that work for everybody, the writer and the pools, run
// each piece of work inside this border: it fails alone, and the program goes on.
#pragma once

#include <string_view>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"

namespace regatta {

// Runs `work` and answers what it answers. What it throws becomes kInternal, with a message that is
// fit for clients, and a line in the log under `component` that begins with `what` failed and tells
// the rest. Whatever `work` had changed is as the exception left it: undoing it is the caller's.
Result<void> Contained(std::string_view component, std::string_view what,
                       FunctionRef<Result<void>()> work);

}  // namespace regatta
