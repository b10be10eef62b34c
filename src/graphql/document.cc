#include "regatta/graphql/document.h"

#include <utility>

#include "grammar.h"

namespace regatta::graphql {
namespace {

struct Storage {
  std::string text;
  StringPool pool;
};

class DocumentParser : public Grammar {
 public:
  using Grammar::Grammar;

  Document Parse() {
    Document document;
    if (AtEnd() && !failed()) {
      Unexpected();
    }
    while (!AtEnd()) {
      if (AtKeyword("fragment")) {
        document.fragments.push_back(ParseFragment());
      } else {
        document.operations.push_back(ParseOperation());
      }
    }
    document.token_count = token_count();
    return document;
  }

 private:
  OperationNode ParseOperation() {
    OperationNode operation;
    operation.location = location();
    if (At("{")) {
      operation.selections = ParseSelections();
      return operation;
    }
    if (AcceptKeyword("mutation")) {
      operation.kind = OperationKind::kMutation;
    } else if (AcceptKeyword("subscription")) {
      operation.kind = OperationKind::kSubscription;
    } else if (!AcceptKeyword("query")) {
      Unexpected();
      return operation;
    }
    if (AtName()) {
      operation.name = ExpectName();
    }
    operation.variables = ParseVariables();
    operation.directives = ParseDirectives(false);
    operation.selections = ParseSelections();
    return operation;
  }

  std::vector<VariableNode> ParseVariables() {
    std::vector<VariableNode> variables;
    if (!Accept("(")) {
      return variables;
    }
    do {
      VariableNode& variable = variables.emplace_back();
      variable.location = location();
      Expect("$");
      variable.name = ExpectName();
      Expect(":");
      variable.type = ParseType();
      if (Accept("=")) {
        variable.default_value = ParseValue(true);
      }
      variable.directives = ParseDirectives(true);
    } while (!AtEnd() && !At(")"));
    Expect(")");
    return variables;
  }

  FragmentNode ParseFragment() {
    FragmentNode fragment;
    fragment.location = location();
    Advance();
    if (AtKeyword("on")) {
      Unexpected();
    }
    fragment.name = ExpectName();
    if (!AcceptKeyword("on")) {
      Unexpected();
    }
    fragment.type_condition = ExpectName();
    fragment.directives = ParseDirectives(false);
    fragment.selections = ParseSelections();
    return fragment;
  }

  std::vector<SelectionNode> ParseSelections() {
    const Nesting nesting(*this, selection_depth_, "selections");
    std::vector<SelectionNode> selections;
    Expect("{");
    if (At("}")) {
      Unexpected();
    }
    while (!AtEnd() && !At("}")) {
      selections.push_back(ParseSelection());
    }
    Expect("}");
    return selections;
  }

  SelectionNode ParseSelection() {
    SelectionNode selection;
    selection.location = location();
    if (Accept("...")) {
      ParseSpread(selection);
      return selection;
    }
    selection.response_key = ExpectName();
    selection.name = Accept(":") ? ExpectName() : selection.response_key;
    selection.arguments = ParseArguments(false);
    selection.directives = ParseDirectives(false);
    if (At("{")) {
      selection.selections = ParseSelections();
    }
    return selection;
  }

  void ParseSpread(SelectionNode& selection) {
    if (AtName() && !AtKeyword("on")) {
      selection.kind = SelectionNode::Kind::kFragmentSpread;
      selection.name = ExpectName();
      selection.directives = ParseDirectives(false);
      return;
    }
    selection.kind = SelectionNode::Kind::kInlineFragment;
    if (AcceptKeyword("on")) {
      selection.type_condition = ExpectName();
    }
    selection.directives = ParseDirectives(false);
    selection.selections = ParseSelections();
  }
};

}  // namespace

const FragmentNode* Document::FindFragment(std::string_view name) const {
  for (const FragmentNode& fragment : fragments) {
    if (fragment.name == name) {
      return &fragment;
    }
  }
  return nullptr;
}

Result<Document> ParseDocument(std::string_view text, const ParseLimits& limits,
                               SourceLocation* location) {
  auto storage = std::make_shared<Storage>();
  if (text.size() <= limits.max_bytes) {
    storage->text = text;
    text = storage->text;
  }
  DocumentParser parser(text, storage->pool, limits);
  Document document = parser.Parse();
  if (parser.failed()) {
    if (location != nullptr) {
      *location = parser.error_location();
    }
    return parser.error();
  }
  document.storage = std::move(storage);
  return document;
}

}  // namespace regatta::graphql
