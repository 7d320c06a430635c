package operate

import (
	"cmp"
	"context"
	"errors"
	"time"

	"signpost/infra/stage"
	"signpost/infra/terminal"
	"signpost/shared/invitation"
)

// Invite makes an invitation, and prints its link.
func (o *Operator) Invite(ctx context.Context, order invitation.Order) error {
	service, err := o.invitations(ctx)
	if err != nil {
		return err
	}
	base, err := o.publicURL(ctx, order.Private)
	if err != nil {
		return err
	}
	created, code, err := service.Create(ctx, order)
	if errors.Is(err, invitation.ErrInvalid) {
		err = terminal.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	shown := created.View(created.URL(base, code), time.Now())
	if o.JSON {
		return o.Print(shown)
	}
	o.Good("invited until " + shown.ExpiresAt + "; give this link to the customer only, it is not shown again:")
	o.Note(shown.URL)
	return nil
}

// Invitations prints all invitations, the newest first.
func (o *Operator) Invitations(ctx context.Context) error {
	service, err := o.invitations(ctx)
	if err != nil {
		return err
	}
	all, err := service.List(ctx)
	if err != nil {
		return err
	}
	now, list, rows := time.Now(), []invitation.View{}, [][]string{}
	for _, i := range all {
		one := i.View("", now)
		kind, expires := "default", "-"
		if one.Private {
			kind = "private"
		}
		if one.State == invitation.Open {
			expires = distance(i.ExpiresAt, now)
		}
		list = append(list, one)
		rows = append(rows, []string{one.ID, string(one.State), kind, cmp.Or(one.Reference, "-"), cmp.Or(one.Label, "-"), expires, cmp.Or(one.UsedBy, "-")})
	}
	switch {
	case o.JSON:
		return o.Print(list)
	case len(rows) == 0:
		o.Note("no invitations")
	default:
		o.Table([]string{"ID", "STATE", "INTEGRATION", "REFERENCE", "LABEL", "EXPIRES", "USED BY"}, rows)
	}
	return nil
}

// RevokeInvitation revokes an open invitation.
func (o *Operator) RevokeInvitation(ctx context.Context, id string) error {
	service, err := o.invitations(ctx)
	if err != nil {
		return err
	}
	revoked, err := service.Revoke(ctx, id)
	if errors.Is(err, invitation.ErrUnknown) {
		err = terminal.Fixable(err, "signpost invite list%s", o.stageFlag())
	}
	if err != nil {
		return err
	}
	shown := revoked.View("", time.Now())
	switch {
	case o.JSON:
		return o.Print(shown)
	case shown.State == invitation.Revoked:
		o.Good("revoked " + shown.ID)
	default:
		o.Note("the invitation is " + string(shown.State) + ": nothing to revoke")
	}
	return nil
}

func (o *Operator) invitations(ctx context.Context) (*invitation.Service, error) {
	p, err := o.assemble(ctx)
	if err != nil {
		return nil, err
	}
	return invitation.New(p.Store, p.AppID, nil, time.Now)
}

// publicURL returns the address of the API, and checks that private integrations are
// offered where one is asked for.
func (o *Operator) publicURL(ctx context.Context, private bool) (string, error) {
	settings, err := o.settings(ctx)
	if err != nil {
		return "", err
	}
	base, manifest := settings["PUBLIC_URL"].value, settings["WEBEX_MANIFEST"].value
	if o.Stage != "" {
		file, err := stage.Load(o.Config, o.Stage)
		if err != nil {
			return "", err
		}
		base = cmp.Or(base, file.PublicURL())
	}
	switch {
	case base == "":
		return "", terminal.Fixable(errors.New("the API's address is not known: it is after the first deployment, or with PUBLIC_URL"), "signpost config%s", o.stageFlag())
	case private && manifest == "":
		return "", terminal.Fixable(errors.New("private integrations are not offered: WEBEX_MANIFEST is not set, and the stage's integration is not complete"), "signpost setup%s", o.stageFlag())
	}
	return base, nil
}
