package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing/synctest"
	"time"
)

// tickOf is how long time passes for an actor that waits for another: as long as
// the product waits between two looks.
const tickOf = 100 * time.Millisecond

// option is what may happen next: one waiting call of an actor, or, without one,
// that time passes until the actor, which waits for it, looks again.
type option struct {
	actor int
	turn  *turn
}

func (o option) String() string {
	name := "time passes"
	if o.turn != nil {
		name = o.turn.name
	}
	return fmt.Sprintf("%c: %s", 'A'+o.actor, name)
}

// step is one decision of a run: which of how many options was taken, and how
// many switches each of them costs.
type step struct {
	taken int
	costs []int
	name  string
}

// chooser says which option is taken at the step with this number.
type chooser func(n int, costs []int) int

// interleave runs two use cases side by side, one call at a time, as choose says,
// and returns the decisions. It runs in a bubble: that both wait is known without
// waiting in real time.
func interleave(g *gate, acts [2]func(ctx context.Context), choose chooser) []step {
	var done [2]chan struct{}
	for actor, act := range acts {
		done[actor] = make(chan struct{})
		go func() {
			defer close(done[actor])
			act(context.WithValue(context.Background(), actorKey{}, actor))
		}()
	}
	var steps []step
	for last := 0; ; {
		synctest.Wait()
		options := optionsOf(g, done, last)
		if len(options) == 0 {
			return steps
		}
		costs := costsOf(options, last)
		if len(steps) == 0 {
			costs = make([]int, len(costs)) // either may begin
		}
		taken := choose(len(steps), costs)
		next := options[taken]
		steps = append(steps, step{taken, costs, next.String()})
		last = next.actor
		if next.turn == nil {
			time.Sleep(tickOf)
		} else {
			g.open(next.turn)
		}
	}
}

// optionsOf lists what may happen next, what goes without a switch first: the
// calls of the last actor, those of the other, and that time passes.
func optionsOf(g *gate, done [2]chan struct{}, last int) (options []option) {
	var waits []option
	for _, actor := range []int{last, 1 - last} {
		turns := g.turns(actor)
		for _, t := range turns {
			options = append(options, option{actor, t})
		}
		select {
		case <-done[actor]:
		default:
			if len(turns) == 0 {
				waits = append(waits, option{actor, nil})
			}
		}
	}
	return append(options, waits...)
}

// costsOf counts, for each option, what it is besides going on as usual: leaving
// an actor that could go on, letting time pass while there is a call to be made,
// or making another of an actor's calls side by side than the first.
func costsOf(options []option, last int) []int {
	costs := make([]int, len(options))
	for i, o := range options {
		if i > 0 && options[0].actor == o.actor || o.actor != last && options[0].actor == last || o.turn == nil && options[0].turn != nil {
			costs[i] = 1
		}
		// Of an actor that is switched to, all but its first call cost once more.
		if i > 0 && options[i-1].actor == o.actor && o.actor != options[0].actor && o.turn != nil && options[i-1].turn != nil {
			costs[i]++
		}
	}
	return costs
}

func describe(steps []step) string {
	var text strings.Builder
	for _, s := range steps {
		text.WriteString("\n  " + s.name)
	}
	return text.String()
}

// explore runs play for every interleaving with that many switches at most, and
// returns how many there were. It ends early once play returns false.
func explore(switches int, play func(chooser) ([]step, bool)) (runs int) {
	for stack := [][]int{nil}; len(stack) > 0; {
		prefix := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		steps, goOn := play(follow(prefix))
		if runs++; !goOn {
			return runs
		}
		taken, spent := make([]int, len(steps)), 0
		for n, s := range steps {
			taken[n] = s.taken
			for other := s.taken + 1; n >= len(prefix) && other < len(s.costs); other++ {
				if spent+s.costs[other] <= switches {
					stack = append(stack, append(append([]int(nil), taken[:n]...), other))
				}
			}
			spent += s.costs[s.taken]
		}
	}
	return runs
}

// follow takes the prefix's options, and the first one from then on.
func follow(prefix []int) chooser {
	return func(n int, _ []int) int {
		if n < len(prefix) {
			return prefix[n]
		}
		return 0
	}
}

// stray takes any option, by a seed.
func stray(seed uint64) chooser {
	random := rand.New(rand.NewPCG(seed, 0))
	return func(_ int, costs []int) int { return random.IntN(len(costs)) }
}
