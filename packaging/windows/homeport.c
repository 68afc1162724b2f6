/* homeport.exe and homeportw.exe: Homeport as a program with a name of its own.

   They load Python's DLL out of the folder `lib` beside them and run `python -m homeport`, nothing else:
   nothing is unpacked, nothing is written, and the process list, the firewall and the service control
   manager see Homeport and not one Python among many.  homeportw.exe is the same without a console.

   `sys.executable` is this program.  Whoever starts that with `-m homeport`, as is usual with an
   interpreter, gets the same as without.

   Py_Main: https://docs.python.org/3/c-api/init.html (read 2026-11-21); part of the stable ABI, so this
   source fits any Python 3.  PYTHON_DLL is its file name, L"python313.dll". */

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define LONGEST 32768 /* characters of any path that Windows knows */

typedef int (*main_function)(int, wchar_t **);

static wchar_t library[LONGEST];

static int failed(const wchar_t *what)
{
    fwprintf(stderr, L"homeport: %ls: Windows error %lu; install Homeport again\n", what, GetLastError());
    return 3;
}

static int names_the_module(int argc, wchar_t **argv)
{
    return argc > 2 && wcscmp(argv[1], L"-m") == 0 && wcscmp(argv[2], L"homeport") == 0;
}

int wmain(int argc, wchar_t **argv)
{
    static wchar_t *before[] = {L"-B", L"-m", L"homeport"};
    const int added = sizeof before / sizeof *before;
    DWORD length = GetModuleFileNameW(NULL, library, LONGEST);
    wchar_t *name = wcsrchr(library, L'\\');
    wchar_t **words = calloc(argc + added + 1, sizeof *words);
    int count = 0, next = names_the_module(argc, argv) ? 3 : 1;
    HMODULE python;
    main_function python_main;

    if (length == 0 || length >= LONGEST - 64 || name == NULL || words == NULL)
        return failed(L"it does not find itself");
    wcscpy(name + 1, L"lib\\" PYTHON_DLL);
    /* Only that folder and Windows' own are searched: neither the current folder nor PATH. */
    python = LoadLibraryExW(library, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (python == NULL)
        return failed(library);
    python_main = (main_function)(void *)GetProcAddress(python, "Py_Main");
    if (python_main == NULL)
        return failed(library);
    words[count++] = argv[0];
    for (int i = 0; i < added; i++)
        words[count++] = before[i];
    while (next < argc)
        words[count++] = argv[next++];
    return python_main(count, words);
}
