#include "regatta/base/contain.h"

#include <exception>

#include "regatta/base/log.h"

namespace regatta {
namespace {

Error Report(std::string_view component, std::string_view what, std::string_view thrown) {
  Log(LogLevel::kError, component, "{} failed by an exception: {}", what, thrown);
  return Internal("the server failed at this: its log tells why");
}

}  // namespace

Result<void> Contained(std::string_view component, std::string_view what,
                       FunctionRef<Result<void>()> work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return Report(component, what, thrown.what());
  } catch (...) {
    return Report(component, what, "of no known type");
  }
}

}  // namespace regatta
