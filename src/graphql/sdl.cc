#include "sdl.h"

#include <utility>

#include "grammar.h"

namespace regatta::graphql {
namespace {

// The SDL is part of the program, not sent by anyone: its limits only stop accidents.
constexpr ParseLimits kSdlLimits{
    .max_bytes = std::size_t{16} << 20, .max_tokens = 4'000'000, .max_depth = 64};

class SdlParser : public Grammar {
 public:
  using Grammar::Grammar;

  SdlDocument Parse() {
    SdlDocument document;
    while (!AtEnd()) {
      ParseDefinition(document);
    }
    return document;
  }

 private:
  std::string_view ParseDescription() {
    if (!AtString()) {
      return {};
    }
    const std::string_view text = token().text;
    Advance();
    return text;
  }

  void ParseDefinition(SdlDocument& document) {
    const std::string_view description = ParseDescription();
    const bool is_extension = AcceptKeyword("extend");
    if (AtKeyword("schema")) {
      document.description = description;
      ParseSchema(document);
    } else if (AtKeyword("directive")) {
      document.directives.push_back(ParseDirectiveDefinition(description));
    } else {
      document.types.push_back(ParseTypeDefinition(description, is_extension));
    }
  }

  void ParseSchema(SdlDocument& document) {
    Advance();
    ParseDirectives(true);
    Expect("{");
    while (!AtEnd() && !At("}")) {
      SdlRoot root;
      if (AcceptKeyword("mutation")) {
        root.operation = OperationKind::kMutation;
      } else if (AcceptKeyword("subscription")) {
        root.operation = OperationKind::kSubscription;
      } else if (!AcceptKeyword("query")) {
        Unexpected();
      }
      Expect(":");
      root.type = ParseName();
      document.roots.push_back(root);
    }
    Expect("}");
  }

  SdlName ParseName() {
    SdlName name;
    name.location = location();
    name.name = ExpectName();
    return name;
  }

  SdlDirective ParseDirectiveDefinition(std::string_view description) {
    SdlDirective directive;
    directive.location = location();
    directive.description = description;
    Advance();
    Expect("@");
    directive.name = ExpectName();
    directive.args = ParseInputs("(", ")");
    directive.is_repeatable = AcceptKeyword("repeatable");
    if (!AcceptKeyword("on")) {
      Unexpected();
    }
    Accept("|");
    do {
      directive.locations.push_back(ParseName());
    } while (Accept("|"));
    return directive;
  }

  bool ParseKind(TypeKind& kind) {
    struct Word {
      std::string_view text;
      TypeKind kind;
    };
    constexpr Word kWords[] = {
        {"scalar", TypeKind::kScalar},       {"type", TypeKind::kObject},
        {"interface", TypeKind::kInterface}, {"union", TypeKind::kUnion},
        {"enum", TypeKind::kEnum},           {"input", TypeKind::kInputObject}};
    for (const Word& word : kWords) {
      if (AcceptKeyword(word.text)) {
        kind = word.kind;
        return true;
      }
    }
    return false;
  }

  SdlType ParseTypeDefinition(std::string_view description, bool is_extension) {
    SdlType type;
    type.description = description;
    type.is_extension = is_extension;
    type.location = location();
    if (!ParseKind(type.kind)) {
      Unexpected();
      return type;
    }
    type.name = ExpectName();
    if (AcceptKeyword("implements")) {
      ParseInterfaces(type);
    }
    type.directives = ParseDirectives(true);
    if (type.kind == TypeKind::kUnion) {
      ParseMembers(type);
    } else if (type.kind == TypeKind::kEnum) {
      ParseEnumValues(type);
    } else if (type.kind == TypeKind::kInputObject) {
      type.input_fields = ParseInputs("{", "}");
    } else if (type.kind != TypeKind::kScalar) {
      ParseFields(type);
    }
    return type;
  }

  void ParseInterfaces(SdlType& type) {
    Accept("&");
    do {
      type.interfaces.push_back(ParseName());
    } while (Accept("&") || AtName());
  }

  void ParseMembers(SdlType& type) {
    if (!Accept("=")) {
      return;
    }
    Accept("|");
    do {
      type.members.push_back(ParseName());
    } while (Accept("|"));
  }

  void ParseEnumValues(SdlType& type) {
    if (!Accept("{")) {
      return;
    }
    while (!AtEnd() && !At("}")) {
      SdlEnumValue& value = type.values.emplace_back();
      value.description = ParseDescription();
      value.location = location();
      value.name = ExpectName();
      value.directives = ParseDirectives(true);
    }
    Expect("}");
  }

  void ParseFields(SdlType& type) {
    if (!Accept("{")) {
      return;
    }
    while (!AtEnd() && !At("}")) {
      SdlField& field = type.fields.emplace_back();
      field.description = ParseDescription();
      field.location = location();
      field.name = ExpectName();
      field.args = ParseInputs("(", ")");
      Expect(":");
      field.type = ParseType();
      field.directives = ParseDirectives(true);
    }
    Expect("}");
  }

  std::vector<SdlInput> ParseInputs(std::string_view open, std::string_view close) {
    std::vector<SdlInput> inputs;
    if (!Accept(open)) {
      return inputs;
    }
    while (!AtEnd() && !At(close)) {
      SdlInput& input = inputs.emplace_back();
      input.description = ParseDescription();
      input.location = location();
      input.name = ExpectName();
      Expect(":");
      input.type = ParseType();
      if (Accept("=")) {
        input.default_value = ParseValue(true);
      }
      input.directives = ParseDirectives(true);
    }
    Expect(close);
    return inputs;
  }
};

}  // namespace

Result<SdlDocument> ParseSdl(std::string_view text, StringPool& pool) {
  SdlParser parser(text, pool, kSdlLimits);
  SdlDocument document = parser.Parse();
  if (parser.failed()) {
    return WithContext("schema", parser.error());
  }
  return document;
}

}  // namespace regatta::graphql
