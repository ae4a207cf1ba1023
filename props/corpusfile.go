package props

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// corpusFolder holds the scenes of sessions, each as a case that replay runs too.
const corpusFolder = "corpus"

// keepCorpus writes the scenes that are not on disk yet.
func (c *campaign) keepCorpus() error {
	for _, s := range c.corpus.scenes[c.corpus.written:] {
		k := finding.FromScenario(c.Contract, &model.Scenario{Data: s.set.Data, Steps: s.steps})
		k.Explored = true
		path := filepath.Join(c.cfg.Out, corpusFolder, fmt.Sprintf("%016x.yaml", s.key))
		k.Contract = disk.Relative(filepath.Dir(path), c.File.Path)
		if err := disk.Replace(path, k.Format()); err != nil {
			return fmt.Errorf("keep the corpus: %w", err)
		}
		c.corpus.written++
	}
	return nil
}

// recallCorpus runs the scenes that earlier sessions kept. What cannot run any more, or
// comes to nothing that another one does not, goes.
func (c *campaign) recallCorpus(ctx context.Context, all *gen.Plan) error {
	paths, err := filepath.Glob(filepath.Join(disk.Literal(c.cfg.Out), corpusFolder, "*.yaml"))
	if err != nil {
		return fmt.Errorf("list the corpus: %w", err)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasPrefix(filepath.Base(p), disk.Temporary) })
	slices.Sort(paths)
	var found []leak
	for _, path := range paths {
		s, err := c.scenario(path, all)
		if err != nil {
			return err
		}
		kept := len(c.corpus.scenes)
		if s != nil {
			if err := c.endure(ctx, func(ctx context.Context) error { return c.recallScene(ctx, s, &found) }); err != nil {
				return err
			}
		}
		if len(c.corpus.scenes) == kept {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("clear the corpus: %w", err)
			}
		}
	}
	c.corpus.written = len(c.corpus.scenes)
	c.pending = found
	return c.digest(ctx, found)
}

// scenario reads a scene; nil where it cannot run with the schema as it is.
func (c *campaign) scenario(path string, all *gen.Plan) (*model.Scenario, error) {
	k, err := ReadCase(path)
	if err != nil {
		return nil, nil //nolint:nilerr // a file that nobody can read is of no use
	}
	s, err := k.Scenario(c.Contract, all.Shapes)
	var stale *finding.Stale
	if errors.As(err, &stale) {
		return nil, nil
	}
	return s, err
}

// recallScene runs one scene, with what it shows.
func (c *campaign) recallScene(ctx context.Context, s *model.Scenario, found *[]leak) error {
	l := c.labs[0]
	l.novel = nil
	l.fast.Explore(c.corpus.reached)
	set := c.Plan.Remembered(s.Data, s.Steps)
	err := l.group(ctx, set, [][]model.Step{s.Steps}, func(_ int, s *model.Scenario, v *judge.Verdict) bool {
		for i := range v.Divergences {
			if t := v.Divergences[i].Target(); !c.muted[t] {
				*found = append(*found, leak{scenario: s, found: v.Divergences[i], target: t, at: c.report.Checks + 1})
			}
		}
		return true
	})
	if err == nil {
		c.report.Checks++
		c.corpus.add(l.novel)
	}
	return err
}
