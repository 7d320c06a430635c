package model_test

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/lifecycle/model"
	"signpost/shared/race"
)

// How many sequences are played, unless -rapid.checks says otherwise: in
// memory, by each of a few at a time, at least and at most, as many as the time
// allows; and on the real store.
const (
	atATime       = 2
	playTime      = 25 * time.Second
	checksOnTable = 20
)

var (
	fewest = race.Share(500, 50)
	most   = race.Share(900, 90)
)

// chosen is whether somebody chose how many sequences are to be played.
var chosen = os.Getenv("RAPID_CHECKS") != ""

func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) != "" {
		os.Exit(workerMain())
	}
	flag.Parse()
	debug.SetGCPercent(400) // each sequence leaves its world behind, none is large
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	os.Exit(m.Run())
}

// setFlag sets one of rapid's flags until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

func inMemory() backend { return model.NewMemory() }

func TestSequences(t *testing.T) {
	if !chosen {
		setFlag(t, "rapid.checks", strconv.Itoa(most))
	}
	began := time.Now()
	var played atomic.Int64
	t.Run("at a time", func(t *testing.T) {
		for n := range atATime {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				own, held := 0, 0
				rapid.Check(t, func(r *rapid.T) {
					// Not after a failure, which rapid plays again, shorter and shorter.
					if failed := held < own; !failed && !chosen && own >= fewest && time.Since(began) > playTime {
						return
					}
					played.Add(1)
					own++
					hold(t, r, inMemory)
					held++
				})
			})
		}
	})
	t.Logf("%d sequences, %.0f per second", played.Load(), float64(played.Load())/time.Since(began).Seconds())
}

// hold draws a sequence, plays it, and fails r if anything was wrong.
func hold(t *testing.T, r *rapid.T, newBackend func() backend) {
	s := drawSequence.Draw(r, "sequence")
	violations, trail := play(t, s, newBackend, plant{})
	if len(violations) == 0 {
		return
	}
	r.Logf("%s\n\n%s\n\n%s", strings.Join(violations, "\n"), s, trail)
	r.Fatal("what must hold does not")
}

// The real store, on the emulator: each sequence has a table of its own.
func TestSequencesOnTheTable(t *testing.T) {
	if !chosen {
		setFlag(t, "rapid.checks", strconv.Itoa(checksOnTable))
	}
	outside := newOutside(8)
	defer outside.close()
	started, played := time.Now(), 0
	rapid.Check(t, func(r *rapid.T) {
		played++
		_, table := dynamotest.New(t)
		config := dynamotest.Config(t)
		config.HTTPClient = outside
		hold(t, r, func() backend { return dynamo.New(dynamo.NewClient(config), table) })
	})
	t.Logf("%d sequences, %.1f per second", played, float64(played)/time.Since(started).Seconds())
}
