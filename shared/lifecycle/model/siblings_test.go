// Another installation of each customer, of another integration, which nothing that
// happens to the first one may touch.

package model_test

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex/webextest"
)

func sibling(org *webextest.Organization) installation.Key {
	return installation.Key{OrgKey: org.ID(), AppID: "sibling"}
}

// placeSiblings puts them into the table. They are token_invalid, since passes would ask
// Webex about active ones, and not due for a century.
func (w *world) placeSiblings() {
	for _, org := range w.orgs {
		row := installation.Installation{
			Key: sibling(org), State: installation.TokenInvalid, Generation: "sibling", BaseURL: base, RegisteredActionsURL: base + "/actions",
			Statement: installation.Statement{Subject: org.Sub(), OrgName: org.Name(), Region: org.Region()},
		}
		row.Tokens.Refresh = must(keyset().Seal(secret.New("refresh"), installation.RefreshPlace(row.Key)))
		row.Schedule.DueAt = time.Now().AddDate(100, 0, 0)
		must(w.store.backend.Save(context.Background(), row))
	}
}

// checkSiblings reports those that were written or got a candidate.
func (w *world) checkSiblings(ctx context.Context) {
	for _, org := range w.orgs {
		row, candidates, err := w.store.backend.Find(ctx, sibling(org), time.Now())
		if err != nil || row.Version != 1 || len(candidates) > 0 {
			w.model.wrong("another integration's installation of %s was touched: version %d, %d candidates, %v", org.Name(), row.Version, len(candidates), err)
		}
	}
}
