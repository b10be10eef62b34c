#include "regatta/tracking/run_file.h"

namespace regatta::tracking {

std::string FileNameProblem(std::string_view name) {
  constexpr std::size_t kMaxLength = 1024;
  if (name.empty()) return "is empty";
  if (name.size() > kMaxLength) return "is longer than 1024 bytes";
  if (name.front() == '/') return "is absolute: use a path relative to the run";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control character";
    if (c == '\\') return "holds a backslash: use / between folders";
  }
  std::size_t start = 0;
  while (start <= name.size()) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty()) return "has an empty part between two slashes";
    if (part == "." || part == "..") return "has a part \".\" or \"..\"";
    start = end + 1;
  }
  return "";
}

}  // namespace regatta::tracking
