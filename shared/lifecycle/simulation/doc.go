// Package simulation lets the schedule verify very many installations for days,
// in minutes: the real use cases run on a virtual clock, against a table and a
// Webex that hold only what varies from customer to customer. It is where
// fairness, pace and the spread of the work are seen, which no small test shows.
//
// The week of a million customers is `make simulate`; tests run smaller ones.
package simulation
