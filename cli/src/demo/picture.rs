//! The log as a picture: its leaves, and the tree over them up to the root that is signed.

/// Columns of a leaf.
const CELL: usize = 5;
/// Most leaves that fit a page.
const MOST: usize = 18;

/// Draws a tree over leaves with these labels, of at most four characters each; of a larger tree, the first leaves.
pub(super) fn tree(labels: &[&str], root: &str) -> Vec<String> {
    let labels = &labels[..labels.len().min(MOST)];
    let mut centres: Vec<usize> = (0..labels.len()).map(|at| at * CELL + CELL / 2).collect();
    let mut levels = vec![row(labels, &centres), row(&numbers(labels.len()), &centres)];
    while centres.len() > 1 {
        let (line, next) = level(&centres);
        levels.push(line);
        centres = next;
    }
    let top = centres.first().copied().unwrap_or_default();
    levels.push(format!("{:>top$}{root}", ""));
    levels.reverse();
    levels
}

/// One level of RFC 6962: neighbours are joined, and a last one without a neighbour is handed up.
fn level(centres: &[usize]) -> (String, Vec<usize>) {
    let mut line = String::new();
    let mut next = Vec::with_capacity(centres.len().div_ceil(2));
    for pair in centres.chunks(2) {
        pad(&mut line, pair[0]);
        let Some(right) = pair.get(1) else {
            line.push('│');
            next.push(pair[0]);
            continue;
        };
        let middle = usize::midpoint(pair[0], *right);
        line.push('┌');
        line.extend(std::iter::repeat_n('─', middle - pair[0] - 1));
        line.push('┴');
        line.extend(std::iter::repeat_n('─', right - middle - 1));
        line.push('┐');
        next.push(middle);
    }
    (line, next)
}

fn row<T: AsRef<str>>(labels: &[T], centres: &[usize]) -> String {
    let mut line = String::new();
    for (label, centre) in labels.iter().zip(centres) {
        let label = label.as_ref();
        pad(
            &mut line,
            (centre + 1).saturating_sub(label.chars().count().div_ceil(2)),
        );
        line.push_str(label);
    }
    line
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|at| at.to_string()).collect()
}

fn pad(line: &mut String, column: usize) {
    let used = line.chars().count();
    line.extend(std::iter::repeat_n(' ', column.saturating_sub(used)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_three() {
        let picture = tree(&["keys", "asks", "yes"], "ROOT");
        assert_eq!(
            picture,
            [
                "        ROOT",
                "    ┌───┴───┐",
                "  ┌─┴──┐    │",
                "  0    1    2",
                " keys asks yes",
            ]
        );
    }

    #[test]
    fn any_number_of_leaves_is_drawn() {
        for leaves in 0..40 {
            let picture = tree(&vec!["x"; leaves], "root");
            assert!(
                picture.iter().all(|line| line.chars().count() <= CELL * MOST),
                "{leaves}"
            );
            assert!(picture.iter().any(|line| line.contains("root")));
        }
    }
}
