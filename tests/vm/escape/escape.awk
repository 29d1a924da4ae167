# SPDX-License-Identifier: Apache-2.0
# One line a trick from the lines WAY NAME VERDICT [WHY], of the sandboxes and of the controls.
$3 != "refused" && $3 != "worked" && $3 != "untriable" && $3 != "broken" { print "# " $0; bad = 1; next }
$1 == "control" { control[$2] = $3; why[$2] = $4; next }
{ ways[$2]++ }
$3 == "refused" && !(index(seen[$2] " ", " " $4 " ")) { seen[$2] = seen[$2] " " $4 }
$3 != "refused" { open[$2] = open[$2] " " $1 "(" $3 (NF > 3 ? " " $4 : "") ")" }
END {
	count = split(all, names, " ")
	for (i = 1; i <= count; i++) {
		name = names[i]
		line = i " - " name
		if (open[name] != "")
			print "not ok " line ": not refused:" open[name]
		else if (!ways[name])
			print "not ok " line ": not tried"
		else if (control[name] == "worked") {
			print "ok " line ": refused" seen[name] " in " ways[name] " ways"
			passed++
			continue
		} else if (index(lacks, " " name " ")) {
			print "ok " line " # SKIP the kernel lacks it: " why[name]
			missing = missing " " name
			skipped++
			continue
		} else
			print "not ok " line ": control: " (control[name] != "" ? control[name] " " why[name] : "not tried")
		bad = 1
	}
	print "1.." count
	print kernel ": " passed + 0 " tricks refused, " passed + 0 " controls worked, " skipped + 0 " not triable:" (skipped ? missing : " none")
	exit bad
}
