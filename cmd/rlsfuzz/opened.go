package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// opened keeps the contract of the last case open, since the next case most often has the
// same one.
type opened struct {
	cfg    props.Config
	target *props.Target
	err    error
}

// close ends the target, if there is one.
func (o *opened) close() {
	if o.target != nil {
		_ = o.target.Close()
		o.target = nil
	}
}

// open opens a contract, unless it is open. mistake is the user's: the contract or its
// schema cannot be used; err is the environment's.
func (o *opened) open(ctx context.Context, path string) (t *props.Target, mistake, err error) {
	if o.cfg.Contract != path || o.target == nil && o.err == nil {
		o.close()
		o.cfg.Contract = path
		o.target, o.err = props.Open(ctx, o.cfg)
	}
	var written *contract.Errors
	var statement *script.Error
	var input *props.InputError
	if ctx.Err() == nil && (errors.As(o.err, &written) || errors.As(o.err, &statement) || errors.As(o.err, &input)) {
		return nil, o.err, nil
	}
	return o.target, nil, o.err
}

// replay runs one case. A case, a contract or a schema that cannot be used is a
// verdict; an error is a failure of the environment.
func (o *opened) replay(ctx context.Context, name, fallback string) (*props.Replay, error) {
	stuck := func(why error) (*props.Replay, error) {
		return &props.Replay{Case: name, Verdict: props.CannotRun, Why: why.Error()}, nil
	}
	k, err := props.ReadCase(name)
	if err != nil {
		return stuck(err)
	}
	path := filepath.Clean(props.ContractOf(k, fallback))
	if _, err := os.Stat(path); k.Contract != "" && errors.Is(err, fs.ErrNotExist) {
		return stuck(fmt.Errorf("there is no contract %s, which the case names: mend the line contract: of the case, or remove it and name a contract with --contract", path))
	}
	t, mistake, err := o.open(ctx, path)
	if mistake != nil {
		return stuck(mistake)
	}
	if err != nil {
		return nil, err
	}
	return t.Replay(ctx, k)
}
