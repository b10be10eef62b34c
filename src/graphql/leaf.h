// Result coercion of scalars and enums (specification of October 2021, section 6.4.3).
#pragma once

#include <string>

#include "regatta/base/result.h"
#include "regatta/graphql/resolved.h"
#include "regatta/graphql/schema.h"

namespace regatta::graphql {

// Appends `value` as a JSON value of the leaf type `type`; true if a value was written, false if it
// is null (a Float that is not finite reads as null). Errors: kInternal if the value does not fit
// the type: the resolver is wrong.
Result<bool> AppendLeaf(const Resolved& value, const TypeDef& type, std::string& out);

// Appends whatever `value` is, for custom scalars. Requires: no object and no record.
void AppendAny(const Resolved& value, std::string& out);

}  // namespace regatta::graphql
