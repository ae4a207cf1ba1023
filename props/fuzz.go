package props

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// Fuzz is a session: a search for hours that keeps its state in Config.Out, survives what
// the server does, and goes on where an earlier one ended, if resume says so. The report is
// nil if it could not begin.
func Fuzz(ctx context.Context, cfg Config, resume bool) (*Report, error) {
	if cfg.Out == "" {
		return nil, input(errors.New("a session needs a folder: name one with --out"))
	}
	folder, err := session.Open(cfg.Out, !resume)
	var busy *session.BusyError
	if errors.As(err, &busy) {
		return nil, input(err)
	}
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	if resume {
		if cfg.earlier, err = session.ReadStats(cfg.Out); err != nil {
			return nil, input(err)
		}
	}
	if cfg, err = goesOn(cfg, resume); err != nil {
		return nil, err
	}
	t, err := openAgain(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	if e := cfg.earlier; e != nil && e.Hash != t.Hash {
		return nil, input(fmt.Errorf("the session in %s is of another contract, schema or --apply: leave out --resume to begin anew", cfg.Out))
	}
	cfg.Guide = guideShare
	cfg.journal = newJournal(folder, &cfg)
	cfg.journal.begin(t.Server.Describe())
	return Run(ctx, t, cfg)
}

// guideShare is how many of nine datasets of a session's batches are those of scenarios
// that came to something new, on which other sequences go on. A check has none: it is too
// short for a corpus.
const guideShare = 3

// openAgain opens a target, more than once where a server that had started went away while
// it loaded the schema.
func openAgain(ctx context.Context, cfg Config) (*Target, error) {
	for n := 1; ; n++ {
		t, err := Open(ctx, cfg)
		var none *postgres.Unavailable
		if err == nil || n == attempts || errors.As(err, &none) || postgres.TroubleOf(err) == "" || ctx.Err() != nil {
			return t, err
		}
		cfg.say("loading the schema again: %s", firstLine(err))
		pause(ctx, time.Duration(n)*time.Second)
	}
}

// goesOn settles the seed of a session.
func goesOn(cfg Config, resume bool) (Config, error) {
	switch e := cfg.earlier; {
	case e != nil && cfg.Seed != 0 && cfg.Seed != e.Seed:
		return cfg, input(fmt.Errorf("the session in %s has seed %d: leave out --seed to go on with it, or --resume to begin anew", cfg.Out, e.Seed))
	case e != nil:
		cfg.Seed = e.Seed
		cfg.say("going on at check %d, after %s, with seed %d", e.Checks, (time.Duration(e.ElapsedS) * time.Second).String(), e.Seed)
	case resume:
		cfg.say("%s holds no session to go on with: beginning one", cfg.Out)
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.NumCPU()
	}
	if cfg.Seed == 0 {
		cfg.Seed = uint64(time.Now().UnixNano())&mostSeed | 1
	}
	return cfg, nil
}

func (cfg *Config) say(format string, args ...any) {
	if cfg.Log != nil {
		cfg.Log(format, args...)
	}
}

// keepEvery is how much of the statistics may be lost.
const keepEvery = 2 * time.Second

// journal keeps a session's state while it runs. Its methods may be called from several
// goroutines. A disk that takes nothing ends no session: that is said, and tried again.
type journal struct {
	mu      sync.Mutex
	folder  *session.Folder
	cfg     *Config
	start   time.Time
	before  float64 // seconds of earlier runs
	began   time.Time
	kept    time.Time // when the state was kept last
	sampled time.Time
	failing bool
}

func newJournal(folder *session.Folder, cfg *Config) *journal {
	j := &journal{folder: folder, cfg: cfg, start: time.Now(), began: time.Now()}
	if e := cfg.earlier; e != nil {
		j.before, j.began = e.ElapsedS, e.Began
	}
	return j
}

// tried says when the state cannot be kept, and when it can again.
func (j *journal) tried(err error) {
	switch {
	case err != nil && !j.failing:
		j.cfg.say("%v; going on, and trying again", err)
	case err == nil && j.failing:
		j.cfg.say("the state of the session is kept again")
	}
	j.failing = err != nil
}

func (j *journal) add(e session.Event) {
	e.At = time.Now()
	if e.ElapsedS == 0 {
		e.ElapsedS = j.before + time.Since(j.start).Seconds()
	}
	j.tried(j.folder.Add(e))
}

func (j *journal) begin(server string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kind := session.Begin
	if j.cfg.earlier != nil {
		kind = session.Resume
	}
	j.add(session.Event{Kind: kind, Seed: j.cfg.Seed, Workers: j.cfg.Workers, Server: server})
}

func (j *journal) found(b *Block, cell string, elapsed time.Duration) {
	j.about(session.Found, b, cell, elapsed)
}

func (j *journal) known(b *Block, cell string, elapsed time.Duration) {
	j.about(session.Known, b, cell, elapsed)
}

func (j *journal) about(kind session.Kind, b *Block, cell string, elapsed time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := session.Event{
		Kind: kind, ElapsedS: elapsed.Seconds(), Key: b.Finding.Key, Class: b.Finding.Class.String(), Cell: cell, Dir: b.Dir, AtCheck: b.AtCheck,
	}
	if b.Unsaved != nil {
		e.Text = b.Unsaved.Error()
	}
	j.add(e)
}

func (j *journal) trouble(kind postgres.Trouble, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(session.Event{Kind: session.Trouble, Text: string(kind) + ": " + firstLine(err)})
}

// sample keeps how far the session is, now and then. The longer it runs, the farther apart
// its samples are, so that days of them can be drawn.
func (j *journal) sample(now session.Counters, stats func(session.Counters) *session.Stats) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.kept) >= keepEvery {
		j.keep(stats(now), "")
	}
	apart := min(max(keepEvery, time.Duration(now.ElapsedS/500*float64(time.Second))), 5*time.Minute)
	if time.Since(j.sampled) >= apart {
		j.sampled = time.Now()
		j.add(session.Event{Kind: session.Sample, ElapsedS: now.ElapsedS, Counters: &now})
	}
}

// corpus keeps the scenes that came to something new.
func (j *journal) corpus(keep func() error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tried(keep())
}

func (j *journal) keep(s *session.Stats, ended string) {
	j.kept = time.Now()
	s.Began, s.Updated, s.Ended = j.began, time.Now(), ended
	j.tried(j.folder.Keep(s))
}

// end keeps the last state of this run.
func (j *journal) end(now session.Counters, stats func(session.Counters) *session.Stats, why string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keep(stats(now), why)
	j.add(session.Event{Kind: session.End, ElapsedS: now.ElapsedS, Counters: &now, Text: why})
}
