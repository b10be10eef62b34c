// The answers of __schema and __type (specification of October 2021, section 4).
#pragma once

#include "regatta/graphql/resolver.h"
#include "regatta/graphql/schema.h"

namespace regatta::graphql {

// Registers them. `schema` outlives the resolvers.
void AddIntrospection(const Schema& schema, ResolverMap& resolvers);

}  // namespace regatta::graphql
