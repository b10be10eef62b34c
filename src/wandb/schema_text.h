// The schema, as it stands in schema.graphql.
#pragma once

#include <string_view>

namespace regatta::wandb {

std::string_view SchemaText();

}  // namespace regatta::wandb
