package finding

import (
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Material is what a finding's files are made of besides the finding itself.
type Material struct {
	Contract     *model.Contract
	ContractPath string             // the contract's file; absolute, or relative to the working folder
	Statements   []script.Statement // the schema, the preset's and those of --apply included, in order
	Version      int                // server_version_num of the server that showed it; 0: the contract's schema says
}

func (m *Material) version() int {
	if m.Version == 0 && m.Contract != nil {
		return m.Contract.Schema.Version
	}
	return m.Version
}
