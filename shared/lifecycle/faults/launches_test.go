package faults_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// few fit the launch's head, many take chunks of their own.
var (
	few  = devices(3, 20)
	many = devices(2200, 300)
)

// devices are n devices with ids of that size, which do not compress well.
func devices(n, size int) []launch.Device {
	list := make([]launch.Device, n)
	for i := range list {
		for len(list[i].DeviceID) < size {
			list[i].DeviceID += rand.Text()
		}
	}
	return list
}

func launches() []useCase {
	var cases []useCase
	for name, list := range map[string][]launch.Device{"": few, ", many devices": many} {
		cases = append(cases, useCase{"cross-launch" + name, func(w *world) func(*process) error {
			w.activated()
			return w.crossLaunch(list)
		}}, useCase{"redeem" + name, func(w *world) func(*process) error {
			w.activated()
			return w.redemption(list)
		}})
	}
	slices.SortFunc(cases, func(a, b useCase) int { return len(a.name) - len(b.name) })
	return cases
}

// crossLaunch is the use case of launching with these devices. An address that
// was answered leads to them, once.
func (w *world) crossLaunch(list []launch.Device) func(*process) error {
	w.launches = true
	token := w.about(w.minted(w.cloud.MintAction(w.org.ID(), webextest.ActionCrossLaunch, nil)))
	order := launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: list}
	var code string
	w.check = func() []faults.Violation {
		if code == "" {
			return nil // it was not answered, so nobody has the code
		}
		first, err := w.redeem(w.healthy(), code)
		if err != nil || !slices.Equal(first.Devices, list) || first.OrgName != "Acme" {
			return []faults.Violation{{Rule: faults.Durable, Seen: fmt.Sprintf("the launch is not to be had: %v", err)}}
		}
		if _, err := w.redeem(w.healthy(), code); !errors.Is(err, launch.ErrUnknown) {
			return []faults.Violation{{Rule: faults.Once, Seen: fmt.Sprintf("a second time: %v", err)}}
		}
		return nil
	}
	return func(p *process) error {
		address, err := p.issuer.Issue(p.ctx, token, order, w.clock())
		if errors.Is(err, installation.ErrReplayed) && p.Plan.Fault.Rival {
			p.Excused = true // another process was just as fast with the same token
		}
		if err == nil && !p.Dead() {
			code = launched(address)
			w.secrets = append(w.secrets, code)
		}
		return err
	}
}

func (w *world) redeem(p *process, code string) (launch.Redeemed, error) {
	return launch.Redeem(p.ctx, p.store, code, w.clock())
}

// redemption is the use case of redeeming a launch. It is answered once at
// most, and as long as nobody deleted it, it is there.
func (w *world) redemption(list []launch.Device) func(*process) error {
	w.launches = true
	token := w.verified(w.minted(w.cloud.MintAction(w.org.ID(), webextest.ActionCrossLaunch, nil)))
	p := w.healthy()
	address, err := p.issuer.Issue(p.ctx, token, launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: list}, w.clock())
	w.must(err)
	code := launched(address)
	w.secrets = append(w.secrets, code)
	var answered, deleted bool
	w.check = func() []faults.Violation {
		again, err := w.redeem(w.healthy(), code)
		gone := errors.Is(err, launch.ErrUnknown)
		switch {
		case answered && !gone:
			return []faults.Violation{{Rule: faults.Once, Seen: fmt.Sprintf("a second time: %v", err)}}
		case !answered && !deleted && (err != nil || !reflect.DeepEqual(again.Devices, list)):
			return []faults.Violation{{Rule: faults.Durable, Seen: fmt.Sprintf("the launch is not to be had: %v", err)}}
		}
		return nil
	}
	return func(p *process) error {
		got, err := w.redeem(p, code)
		answered = err == nil && !p.Dead()
		deleted = !slices.ContainsFunc(w.look().Keys, func(key faults.Key) bool { return key.SK == "launch" })
		if answered && !slices.Equal(got.Devices, list) {
			return errors.New("other devices than were launched with")
		}
		return err
	}
}
