package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// verify does what the schedule would do for one organization, or says it.
func (d *doctor) verify(ctx context.Context, args []string) error {
	args, dryRun := without(args, "dry-run")
	if dryRun {
		return d.show(ctx, args)
	}
	org, err := one(args, "organization")
	if err != nil {
		return err
	}
	patient, err := d.patient(ctx)
	if err != nil {
		return err
	}
	key := webex.OrganizationKey(org)
	if row, _, err := patient.store.Find(ctx, key, time.Now()); err != nil || !row.Exists() {
		return errors.Join(err, fmt.Errorf("installation of %s: %w", key, installation.ErrNotFound))
	}
	done := d.progress("verifying")
	report, err := patient.Service.VerifyNow(ctx, []string{key})
	done()
	if err != nil {
		return err
	}
	if d.json {
		err = d.print(report)
	} else {
		d.say(report.Failed == 0 && report.Left == 0, fmt.Sprintf("verified %d, pushed %d, deleted %d, failed %d, left %d",
			report.Verified, report.Pushed, report.Deleted, report.Failed, report.Left))
		if report.Left > 0 {
			d.faint("another worker is at this installation: try again in half a minute")
		}
		if report.Failed > 0 {
			d.faint("`show` asks Webex again and says why")
		}
	}
	if err == nil && report.Failed+report.Left > 0 {
		return errFound
	}
	return err
}

// without takes a flag out of a command's words, before or after the other one.
func without(args []string, flag string) (rest []string, found bool) {
	for _, arg := range args {
		if name := strings.TrimLeft(arg, "-"); name == flag && name != arg {
			found = true
			continue
		}
		rest = append(rest, arg)
	}
	return rest, found
}

func (d *doctor) say(good bool, text string) {
	if good {
		d.good(text)
		return
	}
	d.bad(text)
}

// remove is the vendor's own removal, after the organization's key was typed
// once more.
func (d *doctor) remove(ctx context.Context, args []string) error {
	confirmed := ""
	if len(args) > 1 && strings.TrimLeft(args[0], "-") == "yes" {
		confirmed, args = args[1], args[2:]
	}
	org, err := one(args, "organization (-yes <org> confirms it)")
	if err != nil {
		return err
	}
	key := webex.OrganizationKey(org)
	patient, err := d.patient(ctx)
	if err != nil {
		return err
	}
	if confirmed == "" {
		fmt.Fprintf(d.out, "This removes the integration from %s at Webex: its devices lose what they show.\nType the organization's id to go on: ", plain(key))
		line, _ := bufio.NewReader(d.in).ReadString('\n')
		confirmed = strings.TrimSpace(line)
	}
	if webex.OrganizationKey(confirmed) != key {
		return usageError{"not confirmed: nothing is removed"}
	}
	done := d.progress("removing")
	err = patient.Service.Withdraw(ctx, key)
	done()
	if err != nil {
		return err
	}
	if d.json {
		return d.print(map[string]string{"removed": key})
	}
	d.good("removed " + key)
	return nil
}
