//! The driver of a program with seeded faults. One process runs the calls as the program is and then, in a child of its
//! own for each fault, with that fault; the child compares as it goes. So a fault that crashes or loops takes no other
//! with it, and neither files nor processes are started per fault. POSIX only, unlike the generated code.

use super::super::names::clean;
use crate::lir::{BAD_LENGTH, OVERFLOW, Program};
use std::fmt::Write;

/// What stands before the calls: files in memory, results compared with those of the program as it is.
pub(super) fn head(program: &Program) -> String {
    let name = clean(&program.name);
    let mut s = format!("#define _GNU_SOURCE\n#include \"{name}.h\"\n");
    s.push_str(HEAD);
    // statuses are told apart by the exception, as outcomes are
    s.push_str("static int status_class(uint64_t code)\n{\n    switch (code) {\n    case 0:\n        return 0;\n");
    let mut classes: Vec<String> = Vec::new();
    for status in program.statuses.iter().filter(|s| s.code != 0) {
        let exception = match status.code {
            BAD_LENGTH => "Unsupported",
            OVERFLOW => "OverflowError",
            _ => &status.exception,
        };
        let class = classes.iter().position(|c| c == exception).unwrap_or(classes.len());
        if class == classes.len() {
            classes.push(exception.to_string());
        }
        let _ = writeln!(s, "    case {}:\n        return {};", status.code, class + 1);
    }
    s.push_str("    default:\n        return -1;\n    }\n}\n");
    s.push_str(STATUS);
    s
}

/// `main`, given the text of the cases that run one step of the call file.
pub(super) fn main(program: &Program) -> String {
    let init = match program.state.is_empty() {
        true => String::new(),
        false => format!("{}_init(&state);", clean(&program.name)),
    };
    let mut step = format!(
        "/* one step of the call file */\nstatic void step(void)\n{{\n    rooms_used = 0;\n    switch (number(4)) {{\n    case 0xffffffffU:\n        {init}\n        break;\n"
    );
    if !program.state.is_empty() {
        step.push_str("    case 0xfffffffeU:\n        in_state = 1;\n");
        for f in program.state.iter().filter(|f| f.reals() > 0) {
            let field = clean(&f.name);
            let _ = writeln!(step, "        put(&state.{field}, sizeof state.{field}, {});", super::real_size(f.dtype));
        }
        step.push_str("        in_state = 0;\n        break;\n");
    }
    for i in 0..program.entries.len() {
        let _ = writeln!(step, "    case {i}:\n        call_{i}();\n        break;");
    }
    step.push_str("    default:\n        stop(3);\n    }\n}\n\n");
    format!("{step}{}", MAIN.replace("PM_INIT", &init))
}

const HEAD: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

/* where an address sanitizer stops is of no interest, and finding it out takes long */
const char *__asan_default_options(void)
{
    return "symbolize=0:detect_leaks=0";
}

int pm_mutant;
unsigned long long pm_seen[2];

/* the call file */
static unsigned char *calls;
static size_t calls_size, calls_at;
/* results of the program as it is */
static unsigned char *base;
static size_t base_size, base_room, base_at;
/* where sequences begin in both */
static struct mark {
    size_t calls, base;
} *marks;
static size_t sequences, marks_room;
/* whether results are kept or compared */
static int comparing;
static int in_state, state_differs;
static jmp_buf differs;
/* memory of the step at hand */
static void *rooms[256];
static size_t rooms_used;

static void stop(int code)
{
    fprintf(stderr, "harness: %s\n", code == 2 ? "a file cannot be read or written" : "the call file does not fit");
    exit(code);
}

static void get(void *to, size_t n)
{
    if (n > calls_size - calls_at) {
        stop(2);
    }
    if (n > 0) {
        memcpy(to, calls + calls_at, n);
    }
    calls_at += n;
}

static void *grown(void *p, size_t n)
{
    p = realloc(p, n);
    if (p == NULL) {
        stop(2);
    }
    return p;
}

static void keep(const void *from, size_t n)
{
    if (n > base_room - base_size) {
        base_room = 2 * base_room + n + 4096;
        base = grown(base, base_room);
    }
    if (n > 0) {
        memcpy(base + base_size, from, n);
    }
    base_size += n;
}

/* same bits, but that every NaN is like another; real: bytes of a float, 0 for other types */
static int alike(const unsigned char *a, const unsigned char *b, size_t n, size_t real)
{
    if (n == 0 || memcmp(a, b, n) == 0) {
        return 1;
    }
    if (real == 0) {
        return 0;
    }
    for (size_t i = 0; i + real <= n; i += real) {
        if (memcmp(a + i, b + i, real) == 0) {
            continue;
        }
        double x, y;
        if (real == 4) {
            float v, w;
            memcpy(&v, a + i, 4);
            memcpy(&w, b + i, 4);
            x = v;
            y = w;
        } else {
            memcpy(&x, a + i, 8);
            memcpy(&y, b + i, 8);
        }
        if (x == x || y == y) {
            return 0;
        }
    }
    return 1;
}

static void put(const void *from, size_t n, size_t real)
{
    if (!comparing) {
        keep(from, n);
        return;
    }
    if (n > base_size - base_at || !alike(base + base_at, from, n, real)) {
        if (!in_state || n > base_size - base_at) {
            longjmp(differs, 1);
        }
        /* not every field is an attribute */
        state_differs = 1;
    }
    base_at += n;
}

static uint64_t little(const unsigned char *b, int bytes)
{
    uint64_t v = 0;
    while (bytes-- > 0) {
        v = v << 8 | b[bytes];
    }
    return v;
}

static uint64_t number(int bytes)
{
    unsigned char b[8];
    get(b, (size_t)bytes);
    return little(b, bytes);
}

static void word(uint64_t v, int bytes)
{
    unsigned char b[8];
    for (int i = 0; i < bytes; i++) {
        b[i] = (unsigned char)(v >> (8 * i));
    }
    put(b, (size_t)bytes, 0);
}

/* exactly n bytes, aligned to 64 as a caller's workspace is; NaN, so that what is read without being written shows in any sum */
static void *room(size_t n)
{
    void *p = n % 64 == 0 && n > 0 ? aligned_alloc(64, n) : malloc(n > 0 ? n : 1);
    if (p == NULL) {
        stop(2);
    }
    memset(p, 0xff, n);
    if (rooms_used < 256) {
        rooms[rooms_used++] = p;
    }
    return p;
}

"#;

const STATUS: &str = r#"
static void put_status(uint64_t code)
{
    if (comparing && base_size - base_at >= 4) {
        const uint64_t want = little(base + base_at, 4);
        if (want != code && want != 0 && code != 0 && status_class(want) == status_class(code)) {
            base_at += 4;
            return;
        }
    }
    word(code, 4);
}

"#;

const MAIN: &str = r#"/* the program as it is, or with the fault that is on, from the beginning; its results are kept */
static void run_all(void)
{
    calls_at = 0;
    char magic[4];
    get(magic, 4);
    if (memcmp(magic, "PMC1", 4) != 0) {
        stop(3);
    }
    put("PMR1", 4, 0);
    PM_INIT
    for (uint64_t left = number(4); left > 0; left--) {
        const int begins = calls_size - calls_at >= 4 && little(calls + calls_at, 4) == 0xffffffffU;
        if (begins || sequences == 0) {
            if (sequences == marks_room) {
                marks_room = 2 * marks_room + 64;
                marks = grown(marks, marks_room * sizeof *marks);
            }
            marks[sequences].calls = calls_at;
            marks[sequences++].base = base_size;
        }
        step();
    }
}

/* compares sequence by sequence and says of each: 0 as without the fault, 1 other results, 2 another state only */
static void compare_all(int to, int first)
{
    comparing = 1;
    for (volatile size_t s = 0; s < sequences; s++) {
        char said = '0';
        calls_at = marks[s].calls;
        base_at = marks[s].base;
        in_state = 0;
        state_differs = 0;
        const size_t end = s + 1 < sequences ? marks[s + 1].calls : calls_size;
        if (setjmp(differs) == 0) {
            while (calls_at < end) {
                step();
            }
            said = state_differs ? '2' : '0';
        } else {
            said = '1';
            while (rooms_used > 0) {
                free(rooms[--rooms_used]);
            }
        }
        if (write(to, &said, 1) != 1) {
            _exit(4);
        }
        if (said == '1' && first) {
            break;
        }
    }
    char seen[64];
    const int n = snprintf(seen, sizeof seen, " %llu %llu", pm_seen[0], pm_seen[1]);
    _exit(write(to, seen, (size_t)n) == n ? 0 : 4);
}

/* a fault that is being tried */
struct job {
    pid_t child;
    int from;
    size_t number;
};

struct text {
    char *at;
    size_t size, room;
    int ended;
};

static void start(struct job *job, int id, int first, double limit)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) {
        stop(2);
    }
    const pid_t parent = getpid();
    job->child = fork();
    if (job->child < 0) {
        stop(2);
    }
    if (job->child == 0) {
#if defined(__linux__)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        if (getppid() != parent) {
            _exit(4);
        }
        const int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        /* of its own processor time, so that a busy machine changes no verdict */
        struct itimerval timer;
        memset(&timer, 0, sizeof timer);
        timer.it_value.tv_sec = (time_t)limit;
        timer.it_value.tv_usec = (suseconds_t)((limit - (double)(time_t)limit) * 1e6);
        signal(SIGPROF, SIG_DFL);
        setitimer(ITIMER_PROF, &timer, NULL);
        close(ends[0]);
        pm_mutant = id;
        pm_seen[0] = 0;
        pm_seen[1] = 0;
        compare_all(ends[1], first);
    }
    close(ends[1]);
    job->from = ends[0];
}

/* tries every fault and prints a line for each: number, whether it ended, what compare_all said */
static void try_all(int count, char **ids, int first, int most, double limit)
{
    struct job jobs[16];
    struct pollfd waiting[16];
    struct text *texts = calloc((size_t)count, sizeof *texts);
    int running = 0, next = 0;
    if (texts == NULL) {
        stop(2);
    }
    if (most > 16) {
        most = 16;
    }
    while (running > 0 || next < count) {
        while (running < most && next < count) {
            jobs[running].number = (size_t)next;
            start(&jobs[running++], atoi(ids[next]), first, limit);
            next++;
        }
        for (int i = 0; i < running; i++) {
            waiting[i].fd = jobs[i].from;
            waiting[i].events = POLLIN;
            waiting[i].revents = 0;
        }
        if (poll(waiting, (nfds_t)running, -1) < 0 && errno != EINTR) {
            stop(2);
        }
        for (int i = running - 1; i >= 0; i--) {
            if (waiting[i].revents == 0) {
                continue;
            }
            struct text *t = &texts[jobs[i].number];
            char part[4096];
            const ssize_t n = read(jobs[i].from, part, sizeof part);
            if (n > 0) {
                if (t->room - t->size < (size_t)n + 1) {
                    t->room = 2 * t->room + (size_t)n + 64;
                    t->at = grown(t->at, t->room);
                }
                memcpy(t->at + t->size, part, (size_t)n);
                t->size += (size_t)n;
                t->at[t->size] = 0;
                continue;
            }
            if (n < 0 && errno == EINTR) {
                continue;
            }
            int status = 0;
            close(jobs[i].from);
            while (waitpid(jobs[i].child, &status, 0) < 0 && errno == EINTR) {
            }
            t->ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            jobs[i] = jobs[--running];
        }
    }
    for (int i = 0; i < count; i++) {
        printf("%s %d :%s\n", ids[i], texts[i].ended, texts[i].at != NULL ? texts[i].at : "");
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        stop(2);
    }
    FILE *f = fopen(argv[1], "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        stop(2);
    }
    calls_size = (size_t)ftell(f);
    rewind(f);
    calls = grown(NULL, calls_size + 1);
    if (fread(calls, 1, calls_size, f) != calls_size) {
        stop(2);
    }
    fclose(f);
    pm_mutant = atoi(argv[3]);
    const clock_t before = clock();
    run_all();
    const double took = (double)(clock() - before) / CLOCKS_PER_SEC;
    f = fopen(argv[2], "wb");
    if (f == NULL || fwrite(base, 1, base_size, f) != base_size || fclose(f) != 0) {
        stop(2);
    }
    if (argc > 6) {
        try_all(argc - 6, argv + 6, strcmp(argv[4], "first") == 0, atoi(argv[5]), 20.0 * took + 0.5);
    }
    return 0;
}
"#;
