package decisions

import "strconv"

// OutcomeSumColumns are the columns of OutcomeSums, as outcome_totals has them.
const OutcomeSumColumns = `valid_from, valid_to, group_no, partition, plans, settled, counted, valued,
	kwh_shifted, promised_energy, promised_demand, saving, saving_demand, estimated, estimates, co2_kg, co2_plans`

// OutcomeSums is a query that sums up what plans about meters promised and realised, by
// their hours, groups and partitions: the newest revision of each outcome, and of a plan
// that was revised what is promised for an hour once. Plans that are not meant for action
// are left out; a decision without a plan counts what it cost on the demand charge.
//
// Issued is a condition on the column issued_at of the decisions and of their outcomes,
// such as "BETWEEN $1 AND $2". From adds tables to the decisions d, where narrows them.
func OutcomeSums(issued, from, where string) string {
	return `
		SELECT d.valid_from, d.valid_to, d.group_no, d.partition,
			count(*) FILTER (WHERE d.action <> 0) AS plans,
			count(r.decision_id) FILTER (WHERE d.action <> 0) AS settled,
			count(r.saving) FILTER (WHERE d.superseded_energy IS NULL) AS counted,
			count(r.saving) AS valued,
			` + sum(`r.kwh_shifted`, ``) + ` AS kwh_shifted,
			` + sum(`coalesce(d.saving_energy, d.saving_p50)::float8 - coalesce(d.superseded_energy, 0)`, ofKnown) + ` AS promised_energy,
			` + sum(`d.saving_demand::float8 - coalesce(d.superseded_demand, 0)`, ofKnown) + ` AS promised_demand,
			` + sum(`r.saving`, ``) + ` AS saving,
			` + sum(`r.saving_demand`, ``) + ` AS saving_demand,
			` + sum(`r.saving`, ofEstimated) + ` AS estimated,
			count(r.saving) ` + ofEstimated + ` AS estimates,
			` + sum(`r.co2_kg`, ``) + ` AS co2_kg,
			count(r.co2_kg) AS co2_plans
		FROM decisions d ` + from + `
		LEFT JOIN (
			SELECT o.* FROM realised o WHERE o.issued_at ` + issued + `
				AND NOT EXISTS (SELECT FROM realised n WHERE n.issued_at = o.issued_at AND n.decision_id = o.decision_id AND n.revision > o.revision)
		) r ON r.issued_at = d.issued_at AND r.decision_id = d.id
		WHERE d.issued_at ` + issued + ` AND d.meter_no <> 0 AND (d.action <> 0 OR r.decision_id IS NOT NULL) AND ` + Advised + ` AND ` + where + `
		GROUP BY d.valid_from, d.valid_to, d.group_no, d.partition`
}

// Which outcomes some sums are of.
const ofKnown = `FILTER (WHERE r.saving IS NOT NULL)`

var ofEstimated = `FILTER (WHERE r.method = ` + strconv.Itoa(SettledEstimated) + `)`

// sum adds up a real number in whole 2⁻²⁸, of which a double holds 2⁵³. So no addition
// rounds, and the sum is the same to the bit in whichever order rows are read.
func sum(of, which string) string {
	const ones = `268435456`
	return `sum(round((` + of + `)::float8 * ` + ones + `)) ` + which + ` / ` + ones
}
