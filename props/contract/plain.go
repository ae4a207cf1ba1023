package contract

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Short names of the kinds of rules.
const (
	plainNone      = model.RuleNone
	plainAll       = model.RuleAll
	plainOwn       = model.RuleOwn
	plainCondition = model.RuleCondition
)

// plainKind tells the plain words from conditions.
func plainKind(rule string) model.RuleKind {
	switch strings.ToLower(strings.TrimSpace(rule)) {
	case "own":
		return plainOwn
	case "all":
		return plainAll
	case "none":
		return plainNone
	}
	return plainCondition
}
