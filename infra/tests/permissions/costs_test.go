package permissions

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// What the table of costs in infra/docs/operate.md assumes, besides the units that
// TestUsage and package schedule's test count.
const (
	hoursOfMonth     = 730
	launchesOfMonth  = 4 // per customer
	actionsOfMonth   = 2
	hoursOfToken     = 14 * 24 // life of an access token
	rowsOfPage       = 100
	kilobytesOfRow   = 3
	shards           = 16
	dollarsOfRead    = 0.125e-6
	dollarsOfWrite   = 0.625e-6
	dollarsOfStorage = 0.25 + 0.20 // per GB, with backups
)

// month is what so many customers, verified every so many hours, cost in DynamoDB.
func month(customers, hours float64) float64 {
	looks := customers * hoursOfMonth / hours
	pages := shards * math.Ceil(customers/shards/rowsOfPage) * hoursOfMonth / hours
	renewals := customers * hoursOfMonth / hoursOfToken
	launches, actions := customers*launchesOfMonth, customers*actionsOfMonth
	reads := looks*0.515 + hoursOfMonth*60*16 + renewals + 2*launches + 3*actions
	// A page is one write, and one more where a run begins with it. An action is
	// counted as an activation.
	writes := 2*pages + 10*renewals + (8+2)*launches + 21*actions
	return reads*dollarsOfRead + writes*dollarsOfWrite + customers*kilobytesOfRow/1e6*dollarsOfStorage
}

// TestCostsOfTheTable: the row of infra/docs/operate.md is what the units amount to.
func TestCostsOfTheTable(t *testing.T) {
	row := "| table: units, storage, backups |"
	for _, column := range []struct{ customers, hours float64 }{{100, 1}, {10_000, 1}, {1_000_000, 24}, {1_000_000, 1}} {
		row += " " + rounded(month(column.customers, column.hours)) + " |"
	}
	document, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), row+"\n") {
		t.Errorf("infra/docs/operate.md lacks this row:\n%s", row)
	}
	if cost := month(1_000_000, 1); cost > 150 {
		t.Errorf("a million customers, verified hourly, cost %.0f", cost)
	}
}

// rounded has two significant digits.
func rounded(dollars float64) string {
	if dollars < 10 {
		return fmt.Sprintf("%.1f", dollars)
	}
	unit := math.Pow(10, math.Floor(math.Log10(dollars))-1)
	return fmt.Sprintf("%.0f", math.Round(dollars/unit)*unit)
}
