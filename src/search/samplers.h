// The samplers' constructors; each lives in a file of its own and has one line in sampler.cc.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "regatta/search/sampler.h"

namespace regatta::search {

using SamplerFactory = Result<std::unique_ptr<Sampler>> (*)(const SearchSpace&,
                                                            const SamplerOptions&);

Result<std::unique_ptr<Sampler>> MakeGridSampler(const SearchSpace& space,
                                                 const SamplerOptions& options);
Result<std::unique_ptr<Sampler>> MakeRandomSampler(const SearchSpace& space,
                                                   const SamplerOptions& options);
Result<std::unique_ptr<Sampler>> MakeSobolSampler(const SearchSpace& space,
                                                  const SamplerOptions& options);
Result<std::unique_ptr<Sampler>> MakeBayesSampler(const SearchSpace& space,
                                                  const SamplerOptions& options);
Result<std::unique_ptr<Sampler>> MakeTpeSampler(const SearchSpace& space,
                                                const SamplerOptions& options);
Result<std::unique_ptr<Sampler>> MakeCmaesSampler(const SearchSpace& space,
                                                  const SamplerOptions& options);

struct KnownSetting {
  std::string_view name;
  double min = 0;
  double max = 1;
};

// Errors: kInvalidArgument for a setting that is not in `known`, naming those that are, or for a
// value outside of its range.
Result<void> CheckSettings(const SamplerOptions& options,
                           std::initializer_list<KnownSetting> known);

}  // namespace regatta::search
