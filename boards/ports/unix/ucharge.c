// The start of the executable: `ucharge ARGUMENT...` is what `micropython main.py ARGUMENT...` would be, with nothing
// taken from the current folder or the environment. The linker calls this in the place of the port's own main().

#include <stdlib.h>

static const char start[] =
    "import sys\n"
    "sys.path[:] = ['.frozen']\n"
    "sys.argv[0] = 'ucharge'\n"
    "__import__('main', None, None, False)\n"; // False: its name shall be __main__

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv) {
    char **arguments = malloc((argc + 3) * sizeof(char *));
    if (arguments == NULL) {
        return 1;
    }
    int n = 0;
    arguments[n++] = argv[0];
    arguments[n++] = "-c";
    arguments[n++] = (char *)start;
    for (int i = 1; i < argc; i++) {
        arguments[n++] = argv[i];
    }
    arguments[n] = NULL;
    return __real_main(n, arguments);
}
